import type { AppDefinition } from 'reprise'
import { modelOf } from '../../src/app/app-model.js'
import { definitionFingerprint } from '../../src/projections/definition-fingerprint.js'

/**
 * For a process with the same definition as the test's own, compiled in another way, which makes it another build:
 * `admitTestsBuild(parts, installation)` lets the test's build feed what the process builds.
 */
export const ADMIT_TESTS_BUILD = `
function admitTestsBuild(parts, installation) {
  const createBuilding = parts.generations.createBuilding.bind(parts.generations)
  parts.generations.createBuilding = async () => {
    const building = await createBuilding()
    await installation.databases.read.query(
      'INSERT INTO reprise_read.builds (projection, generation, fingerprint) VALUES ($1, $2, $3)',
      [building.projection, building.generation, process.env.TEST_BUILD],
    )
    return building
  }
}
`

/** What the environment of such a process needs. */
export function testsBuild(app: AppDefinition, projection: string): NodeJS.ProcessEnv {
  const model = modelOf(app).projections.find(({ name }) => name === projection)
  return { TEST_BUILD: model && definitionFingerprint(model) }
}

/** What lets a build feed the live generation of a projection, as text: the names and the fingerprint are ours. */
const admitting = (projection: string, fingerprint: string): string =>
  `INSERT INTO reprise_read.builds (projection, generation, fingerprint)
   SELECT name, live_generation, '${fingerprint}' FROM reprise_read.projections WHERE name = '${projection}'
   ON CONFLICT DO NOTHING`

/** Statements that let the test's build feed what a process with the same definition, compiled in another way, has built. */
export const admitTestsBuilds = (app: AppDefinition): readonly string[] =>
  modelOf(app).projections.map((model) => admitting(model.name, definitionFingerprint(model)))

/** For such a process, before it starts: `await admitItself(app, url)` lets it feed what the test's build has built. */
export const ADMIT_ITSELF = `
import { modelOf } from '$src/app/app-model.js'
import { definitionFingerprint } from '$src/projections/definition-fingerprint.js'
import pg from 'pg'
const admitting = ${String(admitting)}
async function admitItself(app, connectionString) {
  const client = new pg.Client({ connectionString })
  await client.connect()
  const { rows } = await client.query("SELECT to_regclass('reprise_read.builds') AS builds")
  if (rows[0].builds !== null)
    for (const model of modelOf(app).projections)
      await client.query(admitting(model.name, definitionFingerprint(model)))
  await client.end()
}
`
