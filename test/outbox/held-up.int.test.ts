import { describe, expect, it } from 'vitest'
import { uniqueName } from '../support/kafka.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { throughTo, useRelays } from '../support/relays.js'
import { countOf, expectOrderedTopic, recordsIn } from '../support/store-facts.js'
import { waitFor } from '../support/wait-for.js'
import { schemas, useMigratedDatabase } from '../support/write-side.js'

const database = useMigratedDatabase()
const TOPIC = 'bank.account'
const relays = useRelays(database, TOPIC)

/** An account whose events go to another topic. */
async function accountFor(topic: string, events: number): Promise<string> {
  const account = await relays.accountWith(events)
  await database.pool.query(`UPDATE ${schemas.store}.outbox SET topic = $1 WHERE key = $2`, [topic, account])
  return account
}

const left = (topic: string): Promise<number> => countOf(database.pool, 'outbox', `topic = '${topic}'`)

describe('a topic that takes nothing', () => {
  it('holds up no other topic, however much piles up for it, and gets all of it in order once it takes something', async () => {
    const [one, other] = [uniqueName('gone'), uniqueName('gone')]
    const logger = new RecordingLogger()
    await accountFor(one, 7)
    await accountFor(other, 2)
    const open = await relays.accountWith(3)
    // So few that the rows of the topics that take nothing are all that is claimed.
    const { relay, log, close } = relays.parts({ batchSize: 2, logger })

    await relay.start()
    await waitFor(async () => (await left(TOPIC)) === 0, { what: 'the other topic to be published to' })

    expect(await relays.versionsOf(open)).toEqual([1n, 2n, 3n])
    expect([await left(one), await left(other)]).toEqual([7, 2])
    const told = logger.at('warn').filter(({ message }) => message.includes('a topic takes no events'))
    expect(told.map(({ facts }) => facts)).toMatchObject([
      { topic: one, error: expect.stringContaining(`topic ${one} does not exist`) as string },
      { topic: other, error: expect.stringContaining(`topic ${other} does not exist`) as string },
    ])

    for (const name of [one, other]) await log.topics.create({ name, partitions: 2 })
    await relays.outboxEmpty()
    await close()

    for (const topic of [one, other]) await expectOrderedTopic(database.pool, topic)
    expect(await recordsIn(database.pool, one)).toHaveLength(7)
    const over = logger.at('info').map(({ facts }) => (facts as { topic: string }).topic)
    expect(over.sort()).toEqual([one, other].sort())
  })

  it('is tried again with growing pauses, and costs an idle relay no more than these', async () => {
    const gone = uniqueName('gone')
    const account = await accountFor(gone, 1)
    let claims = 0
    const { relay, close } = relays.parts({
      pollInterval: 500,
      lease: 15_000,
      around: (outbox) => ({
        ...throughTo(outbox),
        claim: (...asked) => {
          claims++
          return outbox.claim(...asked)
        },
      }),
    })
    await relay.start()
    const began = performance.now()

    await waitFor(() => performance.now() - began > 3_000, { what: 'three seconds to pass' })

    expect(claims).toBeGreaterThan(4)
    expect(claims).toBeLessThan(40)
    await close()
    await database.pool.query(`DELETE FROM ${schemas.store}.outbox WHERE key = $1`, [account])
  })
})
