import type { AggregateClass } from '../aggregates/index.js'
import type { ProjectionClass } from '../projections/index.js'

const brand = Symbol.for('reprise/app-definition')

/** What an app consists of. */
export interface AppOptions {
  /** Persisted: read models are in the schema of this name, topics and consumer groups begin with it. */
  readonly name: string
  readonly aggregates: readonly AggregateClass[]
  readonly projections?: readonly ProjectionClass[]
  /** The app's own schemas are `<prefix>_store` and `<prefix>_read`. @defaultValue 'reprise' */
  readonly schemaPrefix?: string
}

/** An app as it is written down, of which nothing has been checked yet. */
export interface AppDefinition extends Required<AppOptions> {
  readonly [brand]: true
}

/**
 * Defines an app without doing anything: no check, no file, no connection. Starting it, or the CLI that loads
 * it, checks the whole definition and reports every fault at once.
 *
 * @example
 * export default defineApp({ name: 'banking', aggregates: [Account], projections: [Balances] })
 */
export function defineApp({
  name,
  aggregates,
  projections = [],
  schemaPrefix = 'reprise',
}: AppOptions): AppDefinition {
  return Object.freeze({
    [brand]: true as const,
    name,
    schemaPrefix,
    aggregates: Object.freeze([...aggregates]),
    projections: Object.freeze([...projections]),
  })
}

/** Tells a definition from any other value that a module may export, also one made by another copy of the package. */
export function isAppDefinition(value: unknown): value is AppDefinition {
  return typeof value === 'object' && value !== null && brand in value
}
