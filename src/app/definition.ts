import type { AggregateClass, PreparationsClass } from '../aggregates/index.js'
import type { Contract } from '../core/contract.js'
import { type OptionNames, unknownOptions } from '../core/option-names.js'
import type { EffectsClass } from '../processes/index.js'
import type { ProjectionClass } from '../projections/index.js'

const brand = Symbol.for('reprise/app-definition')

/** What an app consists of. */
export interface AppOptions {
  /** Persisted: read models are in the schema of this name, topics and consumer groups begin with it. */
  readonly name: string
  /** Its own aggregates. None in a service that only consumes. */
  readonly aggregates?: readonly AggregateClass[]
  /** Its read models. @defaultValue none */
  readonly projections?: readonly ProjectionClass[]
  /** What it does in the world outside because of events. @defaultValue nothing */
  readonly effects?: readonly EffectsClass[]
  /** Steps that fetch facts for commands before they are decided. One per command at most. */
  readonly preparations?: readonly PreparationsClass[]
  /**
   * Other teams' topics that its projections and effects read from. Such an app has no aggregates and no store: it has read models
   * in its own database, and reads the topics from Kafka.
   */
  readonly consumes?: readonly Contract[]
  /** The app's own schemas are `<prefix>_store` and `<prefix>_read`. @defaultValue 'reprise' */
  readonly schemaPrefix?: string
}

/** What a service that only consumes consists of. */
export interface ConsumingOptions extends AppOptions {
  readonly consumes: readonly Contract[]
  /** None: it has no store that could hold their events. */
  readonly aggregates?: readonly never[]
  /** None: it executes no commands. */
  readonly preparations?: readonly never[]
}

/** An app as it is written down, of which nothing has been checked yet. */
export interface AppDefinition extends Required<AppOptions> {
  readonly [brand]: true
}

/** A service that only consumes, as it is written down. */
export interface ConsumingDefinition extends AppDefinition {
  readonly aggregates: readonly never[]
  readonly preparations: readonly never[]
}

const NAMES: OptionNames<AppOptions> = {
  name: true,
  aggregates: true,
  projections: true,
  effects: true,
  preparations: true,
  consumes: true,
  schemaPrefix: true,
}

const unknownNames = new WeakMap<AppDefinition, readonly string[]>()

/**
 * Defines an app without doing anything: no check, no file, no connection. Starting it, or the CLI that loads
 * it, checks the whole definition and reports every fault at once.
 *
 * @example
 * export default defineApp({ name: 'banking', aggregates: [Account], projections: [Balances] })
 */
export function defineApp(options: ConsumingOptions): ConsumingDefinition
export function defineApp(options: AppOptions): AppDefinition
export function defineApp(options: AppOptions): AppDefinition {
  const {
    name,
    aggregates = [],
    projections = [],
    effects = [],
    preparations = [],
    consumes = [],
    schemaPrefix = 'reprise',
  } = options
  const definition: AppDefinition = Object.freeze({
    [brand]: true as const,
    name,
    schemaPrefix,
    aggregates: Object.freeze([...aggregates]),
    projections: Object.freeze([...projections]),
    effects: Object.freeze([...effects]),
    preparations: Object.freeze([...preparations]),
    consumes: Object.freeze([...consumes]),
  })
  unknownNames.set(definition, unknownOptions(options, NAMES))
  return definition
}

/** What an app was defined with that is no option of one. */
export function unknownOptionsOf(definition: AppDefinition): readonly string[] {
  return unknownNames.get(definition) ?? []
}

/** Tells a definition from any other value that a module may export, also one made by another copy of the package. */
export function isAppDefinition(value: unknown): value is AppDefinition {
  return typeof value === 'object' && value !== null && brand in value
}
