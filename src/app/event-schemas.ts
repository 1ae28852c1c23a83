import { OWN_SCHEMA_VERSION } from '../core/ports/schema-store.js'
import { type DescribedSchema, PostgresSchemaStore } from '../postgres/schema-store.js'
import type { AppModel } from './app-model.js'
import { describeFields } from './field-description.js'
import type { Databases } from './postgres/databases.js'

/**
 * Enters every event type that this build writes in its store, which must be migrated: builds that do not know a type
 * wait for one that does, and park nothing of it. Must come before this build writes.
 */
export function enterEventSchemas(
  { aggregates }: AppModel,
  { store, schemas }: Pick<Databases, 'store' | 'schemas'>,
): Promise<void> {
  const written = aggregates.flatMap(({ name: streamType, events }) =>
    [...events.values()].map(({ type, fields }): DescribedSchema => ({
      streamType,
      type,
      schemaVersion: OWN_SCHEMA_VERSION,
      fields: describeFields(fields),
    })),
  )
  return new PostgresSchemaStore(store, schemas.store).enter(written)
}
