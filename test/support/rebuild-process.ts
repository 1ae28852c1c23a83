import { bank } from './bank.js'
import { startBankProcess } from './bank-process.js'
import type { ModuleProcess } from './module-process.js'
import { ADMIT_TESTS_BUILD, testsBuild } from './other-build.js'

/**
 * Starts a process that rebuilds the balances. It writes a line per step: `begins`, then `replaying` or `waiting`
 * whenever progress is shown, `done` at the end, or `failed`. What it builds may be fed by the test's own process, whose
 * bank is the same, and was compiled in another way.
 */
export function startRebuildProcess(
  databaseUrl: string,
  from: 'log' | 'store' = 'log',
): Promise<ModuleProcess> {
  return startBankProcess(
    `
import { modelOf } from '$src/app/app-model.js'
import { openInstallation } from '$src/app/installation.js'
import { projectionParts } from '$src/app/projection-parts.js'
import { settingsFor } from '$src/app/settings.js'
import { rebuild } from '$src/projections/rebuild.js'
${ADMIT_TESTS_BUILD}
const model = modelOf(bank)
const settings = settingsFor(bank, { databaseUrl: process.env.TEST_URL, log: 'postgres', lease: 1000, logLevel: 'silent' })
const installation = await openInstallation(model, settings)
const parts = projectionParts(installation, model.projections.find(({ name }) => name === 'balances'))
admitTestsBuild(parts, installation)
console.log('begins')
try {
  await rebuild(parts, { from: process.env.TEST_FROM, onProgress: ({ phase }) => console.log(phase) })
  console.log('done')
} catch (error) {
  console.log('failed ' + error)
}
await installation.close()
`,
    {
      TEST_URL: databaseUrl,
      TEST_FROM: from === 'store' ? from : undefined,
      ...testsBuild(bank, 'balances'),
    },
  )
}
