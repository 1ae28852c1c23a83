import { type MigrationStatus, migrationStatus } from '../../postgres/migrate.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'
import { table } from '../table.js'

/** Shows which migrations both sides have and lack. Changes nothing. */
export async function showDatabaseStatus(context: CommandContext): Promise<void> {
  const app = await LoadedApp.load(context)
  await app.withDatabases(false, async (databases) => {
    const sides: MigrationStatus[] = []
    for (const side of app.sides) sides.push(await migrationStatus(databases[side], side, databases.schemas))
    const { terminal, options } = context
    const { address: database, readAddress: readDatabase } = databases
    terminal.answer({ database, readDatabase, sides }, () =>
      table(['SIDE', 'SCHEMA', 'APPLIED', 'PENDING', 'STATE'], sides.map(rowOf), options),
    )
  })
}

function rowOf({ side, schema, applied, pending, unknown }: MigrationStatus): readonly string[] {
  const state =
    unknown.length > 0
      ? `newer than this release, which does not know ${unknown.join(', ')}`
      : pending.length > 0
        ? 'run reprise db migrate'
        : 'up to date'
  return [side, schema, String(applied.length), pending.length === 0 ? '-' : pending.join(', '), state]
}
