import { schemaPrefixFor } from '../../app/settings.js'
import { schemaSql } from '../../postgres/migrate.js'
import { schemasOf } from '../../postgres/schemas.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'

/** Prints the SQL that makes the app's own schemas in an empty database. Connects to nothing. */
export async function showDatabaseSql(context: CommandContext): Promise<void> {
  const { definition, sides } = await LoadedApp.load(context)
  const schemas = schemasOf(schemaPrefixFor(definition))
  const scripts = await Promise.all(
    sides.map(async (side) => ({ side, schema: schemas[side], sql: await schemaSql(side, schemas) })),
  )
  context.terminal.answer({ sides: scripts }, () =>
    scripts.map(({ side, schema, sql }) => `-- ${side} (schema ${schema})\n\n${sql}`).join('\n\n'),
  )
}
