import type { AggregateModel, Expectation, StateModel } from '../aggregates/index.js'
import type { CommandType } from '../core/command.js'
import type { Contract } from '../core/contract.js'
import { topicOf } from '../outbox/routing.js'
import { effectGroup } from '../processes/effect-parts.js'
import type { Beginning, EffectsModel } from '../processes/index.js'
import { generationGroup } from '../projections/generation.js'
import type { Across, ProjectionModel } from '../projections/index.js'
import { schemasOf } from '../postgres/schemas.js'
import type { AppModel } from './app-model.js'
import { describeField, describeFields, type FieldDescription } from './field-description.js'
import {
  type ContractDescription,
  describeContract,
  describeGuards,
} from './consuming/contract-description.js'
import { isConsumer } from './consuming/is-consumer.js'
import { declaredTopics } from './topics.js'

export interface CommandDescription {
  readonly name: string
  /** The field that holds the id of the aggregate. */
  readonly target: string
  readonly expect: Expectation
  readonly fields: readonly FieldDescription[]
  /** The step that fetches facts for it before it is decided, and the milliseconds that it may take. */
  readonly preparation?: { readonly step: string; readonly timeout: number }
}

export interface EventDescription {
  readonly name: string
  readonly fields: readonly FieldDescription[]
}

export interface AggregateDescription {
  readonly name: string
  readonly topic: { readonly name: string; readonly partitions: number; readonly key: 'stream id' }
  readonly commands: readonly CommandDescription[]
  readonly events: readonly EventDescription[]
  /** What it declares as its state, if it does. */
  readonly state?: StateDescription
}

export interface StateDescription {
  readonly version: number
  readonly fields: readonly FieldDescription[]
  readonly snapshots: { readonly every: number } | 'by its own policy' | 'none'
}

export interface TableDescription {
  readonly name: string
  readonly key: string
  readonly columns: readonly FieldDescription[]
  readonly indexes: readonly (readonly string[])[]
}

export interface ProjectionDescription {
  readonly name: string
  readonly version: number
  readonly kind: ProjectionModel['kind']
  /** The aggregates, or contracts, whose events it reads. */
  readonly from: readonly string[]
  /** The event types it has handlers for. */
  readonly handles: readonly string[]
  /** Where it takes events from: the log, the store in its one order, or the transaction of each append. */
  readonly follows: 'log' | 'store' | 'append'
  /** What tells which row an event belongs to, and which events keep their order. */
  readonly keyedBy: 'stream id' | 'its own key'
  /** How events of different streams may meet, where the projection says so. */
  readonly across?: Across
  /** What keeps it from applying an event twice or leaving one out, for each of its sources that differ in it. */
  readonly guard: string
  /** The consumer group of each generation. None where appends write it. */
  readonly group?: string
  /** What a table projection declares; a SQL projection makes its own tables. */
  readonly table?: TableDescription
}

export interface EffectsDescription {
  readonly name: string
  readonly kind: EffectsModel['kind']
  /** The aggregates, or contracts, whose events it acts on. */
  readonly from: readonly string[]
  /** The event types it has handlers for. */
  readonly handles: readonly string[]
  readonly begin: Beginning
  readonly attempts: number
  /** Milliseconds that a handler may take. */
  readonly timeout: number
  /** What a handler is given to tell repetitions by; `<event id>` stands for any. */
  readonly idempotencyKey: string
  readonly guard: string
  readonly group: string
}

/** Everything that a definition says, with the names that follow from it. */
export interface AppDescription {
  readonly app: string
  /** A service that only consumes has no store. */
  readonly schemas: { readonly store?: string; readonly read: string; readonly readModels: string }
  readonly aggregates: readonly AggregateDescription[]
  readonly contracts: readonly ContractDescription[]
  readonly projections: readonly ProjectionDescription[]
  readonly effects: readonly EffectsDescription[]
}

/** Describes an app without connecting to anything. */
export function describeApp(model: AppModel, schemaPrefix: string): AppDescription {
  const topics = declaredTopics(model)
  const { store, read } = schemasOf(schemaPrefix)
  return {
    app: model.name,
    schemas: { ...(isConsumer(model) ? {} : { store }), read, readModels: model.name },
    aggregates: model.aggregates.map((it) => describeAggregate(it, model, topics)),
    contracts: model.contracts.map(describeContract),
    projections: model.projections.map((it) => describeProjection(it, model)),
    effects: model.effects.map((it) => describeEffects(it, model)),
  }
}

function describeAggregate(
  { name, handlers, events, state }: AggregateModel,
  app: AppModel,
  topics: ReadonlyMap<string, number>,
): AggregateDescription {
  const topic = topicOf(app.name, name)
  return {
    name,
    topic: { name: topic, partitions: topics.get(topic) ?? 0, key: 'stream id' },
    commands: [...handlers.values()].map(({ command, expect }) => ({
      name: command.type,
      target: command.target,
      expect,
      fields: describeFields(command.fields),
      ...describePreparation(command, app),
    })),
    events: [...events.values()].map(({ type, fields }) => ({ name: type, fields: describeFields(fields) })),
    ...(state === undefined ? {} : { state: describeState(state) }),
  }
}

function describePreparation(
  command: CommandType,
  { preparations }: AppModel,
): Pick<CommandDescription, 'preparation'> {
  for (const { preparationsClass, steps } of preparations) {
    const step = steps.find((it) => it.command === command)
    if (step !== undefined)
      return { preparation: { step: `${preparationsClass.name}.${step.method}`, timeout: step.timeout } }
  }
  return {}
}

function describeState({ version, fields, snapshots }: StateModel): StateDescription {
  const policy = typeof snapshots === 'function' ? 'by its own policy' : snapshots
  return { version, fields: describeFields(fields), snapshots: policy ?? 'none' }
}

function describeProjection(projection: ProjectionModel, app: AppModel): ProjectionDescription {
  const { name, version, kind, sources, handlers, keyOf, across, inline } = projection
  const { from, contracts } = sourcesOf(sources, app)
  return {
    name,
    version,
    kind,
    from,
    handles: [...handlers.keys()],
    follows: inline ? 'append' : across === 'ordered' ? 'store' : 'log',
    keyedBy: keyOf === undefined ? 'stream id' : 'its own key',
    ...(across === undefined ? {} : { across }),
    ...(inline ? INLINE : followed(app.name, name, contracts)),
    ...(projection.kind === 'table' ? { table: describeTable(projection) } : {}),
  }
}

function describeEffects(
  { name, kind, sources, handlers, begin, attempts, timeout }: EffectsModel,
  app: AppModel,
): EffectsDescription {
  const { from, contracts } = sourcesOf(sources, app)
  return {
    name,
    kind,
    from,
    handles: [...handlers.keys()],
    begin,
    attempts,
    timeout,
    idempotencyKey: `${app.name}.${name}:<event id>`,
    guard: guardOf(contracts),
    group: effectGroup(app.name, name),
  }
}

function sourcesOf(sources: ProjectionModel['sources'], { aggregates, contracts }: AppModel) {
  const known = contracts.filter((contract) => sources.includes(contract))
  const from = [...aggregates.filter((it) => sources.includes(it.aggregateClass)), ...known]
  return { from: from.map((it) => it.name), contracts: known }
}

const INLINE = { guard: 'none needed: the transaction of the append' } as const

function followed(
  app: string,
  name: string,
  contracts: readonly Contract[],
): Pick<ProjectionDescription, 'guard' | 'group'> {
  return { guard: guardOf(contracts), group: generationGroup(app, name, '<n>') }
}

const guardOf = (contracts: readonly Contract[]): string =>
  contracts.length === 0 ? 'dense' : describeGuards(contracts)

function describeTable({
  table,
  key,
  columns,
  indexes,
}: Extract<ProjectionModel, { kind: 'table' }>): TableDescription {
  return { name: table, key, columns: columns.map((it) => describeField(it.name, it.field)), indexes }
}
