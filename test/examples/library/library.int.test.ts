import { CommandRejected, Reprise } from 'reprise'
import { startTestApp } from 'reprise/testing'
import { expect, test } from 'vitest'
import { AcquireCopy } from '../../../examples/library/src/copy/commands.js'
import { lending, returning } from '../../../examples/library/src/desk.js'
import library from '../../../examples/library/src/app.js'
import { Join, Leave } from '../../../examples/library/src/member/commands.js'
import { overdueOn } from '../../../examples/library/src/overdue.js'
import { DueDates } from '../../../examples/library/src/read-models/due-dates.js'
import { Lendings } from '../../../examples/library/src/read-models/lendings.js'
import { Shelf } from '../../../examples/library/src/read-models/shelf.js'

const day = '2026-02-16'
const join = (memberId: string, email = `${memberId}@example.org`) =>
  new Join({ memberId, name: memberId, email })
const acquire = (copyId: string) => new AcquireCopy({ copyId, title: copyId })

test('lends across both aggregates, and all read models follow', async () => {
  await using test = await startTestApp(library)
  await test.execute(join('ada'))
  await test.execute(acquire('emma'))
  const lent = await test.app.executeAll(lending({ copyId: 'emma', memberId: 'ada', day }))
  expect(await overdueOn(test.app, '2026-03-17', [lent])).toMatchObject({
    days: [{ due_on: '2026-03-16', copies: ['emma'] }],
    pages: 1,
  })

  await test.app.executeAll(returning({ copyId: 'emma', memberId: 'ada', day: '2026-03-17' }))
  await test.caughtUp()
  expect(await test.read(DueDates).selectAll().execute()).toEqual([])
  expect(await test.read(Shelf).select(['copy_id', 'place']).execute()).toEqual([
    { copy_id: 'emma', place: 'shelf' },
  ])
  expect(await test.read(Lendings, 'lendings').select(['lent_on', 'returned_on']).execute()).toEqual([
    { lent_on: day, returned_on: '2026-03-17' },
  ])
})

test('lends nothing where one of the two refuses', async () => {
  await using test = await startTestApp(library)
  await test.execute(join('ada'))
  for (const copyId of ['a', 'b', 'c', 'd']) await test.execute(acquire(copyId))
  for (const copyId of ['a', 'b', 'c']) await test.app.executeAll(lending({ copyId, memberId: 'ada', day }))

  await expect(test.app.executeAll(lending({ copyId: 'd', memberId: 'ada', day }))).rejects.toThrow(
    'three books at a time are enough',
  )
  await test.caughtUp()
  const rows = await test.read(Shelf).select(['copy_id']).where('place', '=', 'lent').execute()
  expect(rows).toHaveLength(3)
})

test('gives one e-mail to one of sixteen who claim it, and to the next one once it is free', async () => {
  await using test = await startTestApp(library)
  await using other = await Reprise.start(library, {
    databaseUrl: test.databaseUrl,
    log: 'postgres',
    logLevel: 'silent',
  })
  const claims = Array.from({ length: 16 }, async (_, n) =>
    (n % 2 === 0 ? test.app : other).execute(join(`member-${n}`, 'one@example.org')),
  )
  const outcomes = await Promise.allSettled(claims)

  const accepted = outcomes.filter((outcome) => outcome.status === 'fulfilled').map(({ value }) => value)
  const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
  expect(accepted).toHaveLength(1)
  expect(refused.filter(({ reason }) => reason instanceof CommandRejected)).toHaveLength(15)

  const leave = new Leave({ memberId: accepted[0]?.stream.slice('member-'.length) ?? '' })
  await test.execute(leave)
  await test.execute(join('next', 'one@example.org'))
  await expect(test.execute(leave)).rejects.toMatchObject({ code: 'REPRISE_STREAM_CLOSED' })
})
