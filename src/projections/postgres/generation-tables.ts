import { CompiledQuery, type Transaction } from 'kysely'
import { quoted } from '../../postgres/schemas.js'
import type { ProjectionModel } from '../projection-model.js'
import { tableStatements } from './columns.js'

/** Makes the schema of a generation, with its tables. */
export async function createTables(
  tx: Transaction<unknown>,
  model: ProjectionModel,
  schema: string,
): Promise<void> {
  await tx.executeQuery(CompiledQuery.raw(`CREATE SCHEMA ${quoted(schema)}`))
  if (model.kind === 'sql') await model.createTables(tx, schema)
  else
    for (const statement of tableStatements(model, schema))
      await tx.executeQuery(CompiledQuery.raw(statement))
}
