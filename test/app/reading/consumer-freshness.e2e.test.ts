import { beforeEach, expect, it } from 'vitest'
import { Reprise, type StartOptions } from 'reprise'
import { turnoverService } from '../../support/consumers.js'
import { describeKafka } from '../../support/kafka.js'
import { ask, useFreshDatabases } from '../../support/read-side.js'
import { onKafka, SharedTopic } from '../../support/shared-topic.js'

const freshDatabase = useFreshDatabases()
let url = ''
let options: StartOptions = {}
beforeEach(async () => {
  url = await freshDatabase()
  options = await onKafka(url)
})

async function databaseTime(): Promise<number> {
  const [row] = await ask<{ time: Date }>(url, 'SELECT clock_timestamp() AS time')
  return row?.time.getTime() ?? NaN
}

describeKafka('how far behind an answer of a service is that only consumes', () => {
  it('is what its topics hold and it has not applied', async () => {
    const topic = await SharedTopic.create()
    const { service, Turnover } = turnoverService(topic.name)
    await topic.publish([1, 2, 3].map((version) => ({ id: 'a', version })))
    const since = { stream: 'account-a', version: 3, commandId: 'c' }
    await using feeding = await Reprise.start(service, options)
    const before = await databaseTime()
    const level = await feeding.query(Turnover, (all) => all.select('events'), { since, timeout: '30s' })
    await feeding.stop()

    await topic.publish([4, 5].map((version) => ({ id: 'a', version })))
    await using idle = await Reprise.start(service, { ...options, roles: ['api'] })
    const behind = await idle.query(Turnover, (all) => all.select('events'), { page: { size: 1 } })

    expect(level).toMatchObject({ rows: [{ events: 3 }], asOf: { behind: 0, upToDate: true } })
    expect(level.asOf.time.getTime()).toBeGreaterThanOrEqual(before)
    expect(behind).toMatchObject({ rows: [{ events: 3 }], asOf: { behind: 2, upToDate: false } })
    const [last] = await ask<{ at: Date }>(
      url,
      'SELECT max(last_recorded_at) AS at FROM reprise_read.checkpoints',
    )
    expect(behind.asOf.time.getTime()).toBe((last?.at.getTime() ?? 0) - 1)
  })
})
