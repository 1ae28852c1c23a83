import { expect, it } from 'vitest'
import { type App, defineApp } from 'reprise'
import { shippedParts } from '../../src/app/replaceable-parts.js'
import { start } from '../../src/app/start.js'
import type { Failpoint } from '../../src/core/ports/failpoints.js'
import { openAccounts } from '../support/load.js'
import { Journal, meetingBank } from '../support/meeting-rows.js'
import { quietly, useFreshDatabases } from '../support/read-side.js'
import { waitFor } from '../support/wait-for.js'

const freshDatabase = useFreshDatabases()
const app = defineApp({ ...meetingBank, projections: [Journal] })

/** The steps of a lane: of taking it, of keeping it, and of each of its batches. */
const OF_A_LANE: readonly Failpoint[] = [
  'renew:before',
  'renew:after',
  'deliver:before',
  'checkpoint:in',
  'apply:in',
  'commit:in',
  'commit:after',
]

it('the one lane of an ordered projection passes every failpoint of a lane', async () => {
  const url = await freshDatabase()
  await using writing = (await start(app, quietly(url, { roles: ['api'] }))) as App
  await openAccounts(writing, 2, 2)
  const passed = new Set<Failpoint>()
  const failpoints = { reach: (point: Failpoint) => void passed.add(point) }

  // Nobody publishes here, so that leases are renewed for lanes alone.
  await using applying = (await start(app, quietly(url, { roles: ['projections'] }), {
    ...shippedParts,
    failpoints,
  })) as App
  await waitFor(() => Number(applying.counters.applied['journal']) === 6, { what: 'all to be applied' })

  expect([...passed].sort()).toEqual([...OF_A_LANE].sort())
})
