import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Admin } from 'kafkajs'
import { type App, Reprise } from 'reprise'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import type { Check } from '../../src/app/doctor/check.js'
import { bank, Balances, OpenAccount, Statements } from '../support/bank.js'
import { bankFolder, runCli } from '../support/cli.js'
import { freshDatabase } from '../support/database.js'
import { describeKafka, kafkaBrokers, uniqueName } from '../support/kafka.js'
import { onServer } from '../support/test-databases.js'

const name = uniqueName('doctor').replaceAll('-', '_')
const group = `group ${name}.balances.g1`
const letters = `topic ${name}.account.DLT`

describeKafka('reprise doctor with a broker', { timeout: 120_000 }, () => {
  let folder = ''
  let brokers = ''
  let url = ''

  beforeAll(async () => {
    folder = await bankFolder()
    brokers = (await kafkaBrokers()) ?? ''
    await writeFile(
      join(folder, 'reprise.config.js'),
      `import { bank } from './bank.js'\nexport default { ...bank, name: '${name}' }\n`,
    )
    const database = await freshDatabase()
    url = database.url
    return () => database.drop()
  })

  const start = (): Promise<App> =>
    Reprise.start(
      { ...bank, name },
      { databaseUrl: url, kafka: { brokers: [brokers] }, logLevel: 'silent', lease: 1_000 },
    )

  const withAdmin = async (work: (admin: Admin) => Promise<unknown>): Promise<void> => {
    const { default: kafkajs } = await import('kafkajs')
    const admin = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
    await work(admin).finally(() => admin.disconnect())
  }

  const examine = async () => {
    const environment = { DATABASE_URL: url, KAFKA_BROKERS: brokers }
    const { exitCode, stdout } = await runCli(['doctor', '--json'], { folder, environment })
    const { checks } = JSON.parse(stdout) as { checks: readonly Check[] }
    return {
      exitCode,
      problems: checks.filter(({ state }) => state === 'problem'),
      of: (check: string) => checks.find((it) => it.check === check),
    }
  }

  it('finds the groups that projections consume in, and the topics of their letters', async () => {
    await using app = await start()
    const receipt = await app.execute(new OpenAccount({ accountId: '1', owner: 'Ada' }))
    await app.projections.caughtUp(Balances, receipt)
    await app.projections.caughtUp(Statements, receipt)

    const { exitCode, problems, of } = await examine()

    expect(problems).toEqual([])
    expect(exitCode).toBe(0)
    expect(of(group)).toMatchObject({ state: 'ok', fact: '1 member' })
    expect(of('projection balances')).toMatchObject({ state: 'ok' })
    expect(of(letters)).toMatchObject({
      state: 'ok',
      fact: `4 partitions; dead letters of ${name}.account are published here`,
    })
  })

  it('says that a group has no members, or is not known, with and without somebody who says to be one', async () => {
    await (await start()).stop()
    const left = await examine()
    await onServer(url, (client) =>
      client.query(
        `insert into reprise_read.feeders (projection, generation, member, process, fingerprint, expires_at)
         values ('balances', 1, gen_random_uuid(), 'host 7', 'f', now() + interval '1 minute')`,
      ),
    )
    const said = await examine()
    await withAdmin((admin) => admin.deleteGroups([group.replace('group ', '')]))
    const unknown = await examine()
    await onServer(url, (client) => client.query('delete from reprise_read.feeders'))
    const unfed = await examine()

    expect(left.of(group)).toMatchObject({ state: 'ok', fact: 'has no members, as no process feeds it' })
    expect(said.of(group)).toMatchObject({
      state: 'warning',
      fact: 'has no members, but 1 process says that it feeds the projection',
    })
    expect(unknown.of(group)).toMatchObject({
      state: 'warning',
      fact: 'the brokers know no such group, but 1 process says that it feeds the projection',
      remedy: expect.stringContaining('restart the process') as string,
    })
    expect(unfed.of(group)).toMatchObject({
      state: 'ok',
      fact: 'the brokers know no such group: nobody has consumed in it of late',
    })
  })

  it('says that a letter topic is compacted, missing, or of another size than its topic', async () => {
    await (await start()).stop()
    const { default: kafkajs } = await import('kafkajs')
    const admin = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING }).admin()
    await admin.connect()
    onTestFinished(() => admin.disconnect())
    const topic = `${name}.account.DLT`

    await admin.alterConfigs({
      validateOnly: false,
      resources: [
        {
          type: kafkajs.ConfigResourceTypes.TOPIC,
          name: topic,
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        },
      ],
    })
    const compacted = (await examine()).of(letters)
    await admin.deleteTopics({ topics: [topic] })
    const missing = (await examine()).of(letters)
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: 2 }] })
    const small = (await examine()).of(letters)

    expect(compacted).toMatchObject({
      state: 'warning',
      remedy: `set cleanup.policy=delete on ${topic}`,
    })
    expect(missing).toMatchObject({
      state: 'warning',
      remedy: expect.stringContaining('create it with 4 partitions') as string,
    })
    expect(small).toMatchObject({
      state: 'warning',
      fact: expect.stringContaining(`has 2 partitions, and ${name}.account has 4`) as string,
    })
  })
})
