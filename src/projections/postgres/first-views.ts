import { CompiledQuery, type Transaction } from 'kysely'
import { DefinitionError } from '../../core/errors/index.js'
import { quoted } from '../../postgres/schemas.js'
import type { Generation } from '../generation.js'
import { pointViewsAt, tablesIn } from './views.js'

/**
 * Makes the public views of a projection that had none.
 *
 * @throws {@link DefinitionError} where something else has their names
 */
export async function showFirst(
  tx: Transaction<unknown>,
  app: string,
  generation: Generation,
): Promise<void> {
  // Two projections that create the schema at once would clash, in spite of IF NOT EXISTS.
  await tx.executeQuery(CompiledQuery.raw(LOCK, [`reprise schema ${app}`]))
  await tx.executeQuery(CompiledQuery.raw(`CREATE SCHEMA IF NOT EXISTS ${quoted(app)}`))
  await refuseTakenViews(tx, app, generation)
  await pointViewsAt(tx, app, generation.schema, await tablesIn(tx, generation.schema))
}

/** @throws {@link DefinitionError} where something else has the names of the views that a generation will need */
export async function refuseTakenViews(
  tx: Transaction<unknown>,
  app: string,
  { projection, schema }: Generation,
): Promise<void> {
  const tables = (await tablesIn(tx, schema)).map(({ table }) => table)
  const { rows } = await tx.executeQuery<{ name: string }>(CompiledQuery.raw(TAKEN, [app, tables]))
  if (rows.length === 0) return
  const names = rows.map(({ name }) => `${app}.${name}`).join(', ')
  throw new DefinitionError([
    `projection ${projection}: ${names} exists already: give its tables other names`,
  ])
}

/** $1 what to lock. */
const LOCK = 'SELECT pg_advisory_xact_lock(hashtextextended($1, 0))'

/** $1 schema, $2 names. */
const TAKEN = `
SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = $1 AND c.relname = ANY($2) ORDER BY c.relname`
