import type { AggregateModel, Expectation } from '../aggregates/index.js'
import type { Field, FieldKind, Fields } from '../core/fields/index.js'
import { topicOf } from '../outbox/routing.js'
import { generationGroup } from '../projections/generation.js'
import type { ProjectionModel } from '../projections/index.js'
import { schemasOf } from '../postgres/schemas.js'
import type { AppModel } from './app-model.js'
import { declaredTopics } from './topics.js'

export interface FieldDescription {
  readonly name: string
  readonly kind: FieldKind
  readonly optional: boolean
  /** The allowed values of an enumeration. */
  readonly values?: readonly string[]
}

export interface CommandDescription {
  readonly name: string
  /** The field that holds the id of the aggregate. */
  readonly target: string
  readonly expect: Expectation
  readonly fields: readonly FieldDescription[]
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
  /** The aggregates whose events it reads. */
  readonly from: readonly string[]
  /** The event types it has handlers for. */
  readonly handles: readonly string[]
  /** `dense`: it applies the versions of a stream without a gap, or waits. */
  readonly guard: 'dense'
  /** The consumer group of each generation. */
  readonly group: string
  /** What a table projection declares; a SQL projection makes its own tables. */
  readonly table?: TableDescription
}

/** Everything that a definition says, with the names that follow from it. */
export interface AppDescription {
  readonly app: string
  readonly schemas: { readonly store: string; readonly read: string; readonly readModels: string }
  readonly aggregates: readonly AggregateDescription[]
  readonly projections: readonly ProjectionDescription[]
}

/** Describes an app without connecting to anything. */
export function describeApp(model: AppModel, schemaPrefix: string): AppDescription {
  const topics = declaredTopics(model)
  return {
    app: model.name,
    schemas: { ...schemasOf(schemaPrefix), readModels: model.name },
    aggregates: model.aggregates.map((it) => describeAggregate(it, topicOf(model.name, it.name), topics)),
    projections: model.projections.map((it) => describeProjection(it, model)),
  }
}

function describeAggregate(
  { name, handlers, events }: AggregateModel,
  topic: string,
  topics: ReadonlyMap<string, number>,
): AggregateDescription {
  return {
    name,
    topic: { name: topic, partitions: topics.get(topic) ?? 0, key: 'stream id' },
    commands: [...handlers.values()].map(({ command, expect }) => ({
      name: command.type,
      target: command.target,
      expect,
      fields: describeFields(command.fields),
    })),
    events: [...events.values()].map(({ type, fields }) => ({ name: type, fields: describeFields(fields) })),
  }
}

function describeProjection(projection: ProjectionModel, app: AppModel): ProjectionDescription {
  const { name, version, kind, sources, handlers } = projection
  const from = app.aggregates.filter(({ aggregateClass }) => sources.includes(aggregateClass))
  return {
    name,
    version,
    kind,
    from: from.map((it) => it.name),
    handles: [...handlers.keys()],
    guard: 'dense',
    group: generationGroup(app.name, name, '<n>'),
    ...(projection.kind === 'table' ? { table: describeTable(projection) } : {}),
  }
}

function describeTable({
  table,
  key,
  columns,
  indexes,
}: Extract<ProjectionModel, { kind: 'table' }>): TableDescription {
  return { name: table, key, columns: columns.map((it) => describeField(it.name, it.field)), indexes }
}

function describeFields(fields: Fields): readonly FieldDescription[] {
  return Object.entries(fields).map(([name, field]) => describeField(name, field))
}

function describeField(name: string, { kind, optional, values }: Field<unknown, boolean>): FieldDescription {
  return { name, kind, optional, ...(values === undefined ? {} : { values }) }
}
