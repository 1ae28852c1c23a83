import { Reprise } from 'reprise'
import { check } from './check.js'
import library from './app.js'
import { overdueOn } from './overdue.js'
import { busiestReaders } from './busiest-readers.js'
import { before } from './story/before.js'
import { day, today } from './story/day.js'
import { play } from './story/play.js'

const app = await Reprise.start(library, { logLevel: 'warn' })
try {
  const earlier = await play(app, before, () => undefined)
  console.log(`${today}, a day in the library`)
  const receipts = [...earlier, ...(await play(app, day, console.log))]

  const overdue = await overdueOn(app, today, receipts)
  console.log(`\noverdue as of ${overdue.asOf.time.toISOString()}, in ${overdue.pages} pages`)
  for (const { due_on, copies } of overdue.days) console.log(`  since ${due_on}  ${copies.join(', ')}`)

  console.log('\nwho borrows most')
  const readers = await busiestReaders(app, receipts)
  for (const { member_id, lendings } of readers) console.log(`  ${member_id.padEnd(6)}${lendings}`)

  await check(app, { overdue, readers })
  const { appended, alreadyKnown } = app.counters
  console.log(
    `\nas it should be: ${appended} events stored, ${alreadyKnown} commands known from an earlier run`,
  )
} finally {
  await app.stop()
}
