import { enterEventSchemas } from '../../app/event-schemas.js'
import type { Databases } from '../../app/postgres/databases.js'
import { migrate, type MigrationPlan, planMigration, type Side } from '../../postgres/migrate.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'

export interface MigrateOptions {
  readonly dryRun?: boolean
}

/** What was done to one side, by the names of its migrations. */
interface AppliedSide {
  readonly side: Side
  readonly schema: string
  readonly applied: readonly string[]
}

/** Brings both sides up to this release, or shows with `dryRun` what that would run. A newer side refuses both. */
export async function migrateDatabase(
  context: CommandContext,
  { dryRun = false }: MigrateOptions,
): Promise<void> {
  const app = await LoadedApp.load(context)
  await app.withDatabases(!dryRun, async (databases) => {
    const { schemas } = databases
    const plans: MigrationPlan[] = []
    for (const side of app.sides) plans.push(await planMigration(databases[side], side, schemas))
    if (dryRun) showPlans(context, databases, plans)
    else await apply(context, databases, app)
  })
}

async function apply(
  { terminal, signal }: CommandContext,
  databases: Databases,
  app: LoadedApp,
): Promise<void> {
  const sides: AppliedSide[] = []
  for (const side of app.sides) {
    signal.throwIfAborted()
    const applied = await migrate(databases[side], side, databases.schemas)
    sides.push({ side, schema: databases.schemas[side], applied })
  }
  if (app.sides.includes('store')) await enterEventSchemas(app.model, databases)
  terminal.answer({ database: databases.address, dryRun: false, sides }, () => sides.map(lineOf).join('\n'))
}

function lineOf({ side, schema, applied }: AppliedSide): string {
  return `${side} (schema ${schema}): ${applied.length === 0 ? 'up to date' : `applied ${applied.join(', ')}`}`
}

/** As a script that a SQL client can run. */
function showPlans(
  { terminal }: CommandContext,
  databases: Databases,
  plans: readonly MigrationPlan[],
): void {
  const sides = plans.map(({ side, schema, pending, sql }) => ({
    side,
    schema,
    pending: pending.map(({ name }) => name),
    sql,
  }))
  terminal.answer({ database: databases.address, dryRun: true, sides }, () =>
    sides
      .map(({ side, schema, pending, sql }) => {
        const title = `-- ${side} (schema ${schema}): `
        return pending.length === 0
          ? `${title}up to date`
          : `${title}would apply ${pending.join(', ')}\n\n${sql}`
      })
      .join('\n\n'),
  )
}
