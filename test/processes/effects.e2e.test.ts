import { beforeEach, expect, it } from 'vitest'
import { defineApp, defineEffects, type EffectContext, Reprise } from 'reprise'
import { type Deed, deposit, notesThat, open } from '../support/acting-bank.js'
import { Account, MoneyDeposited } from '../support/bank.js'
import { accounts } from '../support/consumers.js'
import { describeKafka, uniqueName } from '../support/kafka.js'
import { ask, useFreshDatabases } from '../support/read-side.js'
import { onKafka } from '../support/shared-topic.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
let url = ''
let name = ''
let deeds: Deed[] = []
beforeEach(async () => {
  url = await freshDatabase()
  name = uniqueName('bank').replaceAll('-', '_').toLowerCase()
  deeds = []
})

const done = (count: number) =>
  waitFor(() => deeds.length >= count, { what: `${count} deeds`, deadline: 20_000 })

const idsOf = async (): Promise<readonly string[]> =>
  (
    await ask<{ event_id: string }>(
      url,
      `SELECT event_id FROM reprise_store.events WHERE type = 'MoneyDeposited' ORDER BY position`,
    )
  ).map(({ event_id }) => event_id)

describeKafka('effects on Kafka', () => {
  it('act on each event once, in order, and are known to be fed', async () => {
    const app = defineApp({
      name,
      aggregates: [Account],
      effects: [notesThat((deed) => void deeds.push(deed))],
    })
    await using running = await Reprise.start(app, await onKafka(url))
    await open(running, 'a')
    await deposit(running, 'a', 1n, 2n, 3n)
    await done(3)

    expect(deeds.map(({ key }) => key)).toEqual((await idsOf()).map((id) => `${name}.notes:${id}`))
    expect(await ask(url, `SELECT projection, generation FROM reprise_read.feeders`)).toEqual([
      { projection: 'notes', generation: 1 },
    ])
  })

  it('act in a service that only consumes on what was recorded from its first start on', async () => {
    const contract = accounts(`${name}.account`)
    class Alarms {
      deposited({ amount }: MoneyDeposited, { idempotencyKey: key, envelope }: EffectContext) {
        deeds.push({ account: envelope.stream.id, amount, key, eventId: envelope.eventId })
      }
    }
    defineEffects(Alarms, { name: 'alarms', from: [contract], on: { deposited: MoneyDeposited } })
    const service = defineApp({ name: `${name}_fraud`, consumes: [contract], effects: [Alarms] })
    await using producer = await Reprise.start(defineApp({ name, aggregates: [Account] }), await onKafka(url))
    await open(producer, 'a')
    await deposit(producer, 'a', 1n)
    const other = await freshDatabase()

    await using consumer = await Reprise.start(service, await onKafka(other))
    await deposit(producer, 'a', 2n)
    await done(1)

    const [, second] = await idsOf()
    expect(deeds.map(({ key }) => key)).toEqual([`${name}_fraud.alarms:${second ?? ''}`])
    expect(consumer.counters.applied).toEqual({ alarms: 1 })
    const [component] = (await consumer.health()).components.filter(({ kind }) => kind === 'effect')
    expect(component).toMatchObject({ name: 'alarms', fedHere: true })
  })
})
