import {
  decoratedMethod,
  describeMethod,
  notAClass,
  type ReportFault,
  synchronousMethod,
} from '../core/decorated-method.js'
import { type AnyClass, type MethodRecord, recordsOf } from '../core/definition-metadata.js'
import type { EventSourceClass } from '../core/event-source.js'
import { eventFaults, isEventType } from '../core/event.js'
import type { Field } from '../core/fields/field.js'
import { fieldFaults } from '../core/fields/record.js'
import { nameFault } from '../core/names.js'
import type {
  ColumnOrigin,
  EventHandlerModel,
  ProjectionClass,
  ProjectionModel,
  TableProjectionModel,
} from './projection-model.js'
import { type CreateTables, SqlProjection } from './sql-projection.js'
import { tableDefinition } from './table-projection.js'

/**
 * Turns what decorators have recorded on a class into a model, in one pass. Adds every fault to `faults`; a
 * model with faults is good for finding more of them, and for nothing else. Undefined for a class that is no
 * projection at all.
 */
export function projectionModelOf(
  projectionClass: ProjectionClass,
  faults: string[],
): ProjectionModel | undefined {
  const { classes, methods } = recordsOf(projectionClass)
  const [record, second] = classes
  if (record?.decorator !== 'Projection' || second !== undefined) {
    faults.push(`class ${projectionClass.name} must be decorated with @Projection, once`)
    return undefined
  }
  const options = (record.options ?? {}) as UncheckedOptions
  const name = typeof options.name === 'string' ? options.name : projectionClass.name
  const report = (fault: string) => faults.push(`projection ${name}: ${fault}`)

  const fault = nameFault('projection', options.name)
  if (fault !== undefined) report(fault)
  const kind = kindOf(projectionClass)
  if (kind === undefined) {
    report('its class must extend TableProjection({ … }) or SqlProjection')
    return undefined
  }
  const version = readVersion(options.version, report)
  const sources = readSources(options.from, report)
  // Streams of two types can have one id: their lanes would meet in one row and lose each other's updates.
  if (kind === 'table' && sources.length > 1) {
    report('a table of one row per stream can read from one aggregate only: give each its own, or write SQL')
  }
  const common = {
    name,
    version,
    projectionClass,
    sources,
    handlers: readHandlers(projectionClass, methods, kind, report),
  }
  return kind === 'table'
    ? { ...common, kind, ...readTable(projectionClass, report) }
    : { ...common, kind, createTables: readCreateTables(projectionClass, report) }
}

/** What JavaScript may have passed as options. */
interface UncheckedOptions {
  readonly name?: unknown
  readonly version?: unknown
  readonly from?: unknown
}

function kindOf(projectionClass: AnyClass): ProjectionModel['kind'] | undefined {
  const prototype = projectionClass.prototype as object
  if (tableDefinition in prototype) return 'table'
  return prototype instanceof SqlProjection ? 'sql' : undefined
}

function readVersion(version: unknown, report: ReportFault): number {
  if (typeof version === 'number' && Number.isSafeInteger(version) && version > 0) return version
  report('version must be a whole number above 0')
  return 1
}

function readSources(from: unknown, report: ReportFault): readonly EventSourceClass[] {
  if (!Array.isArray(from) || from.length === 0) {
    report('from must be a list of aggregate classes, and not empty')
    return []
  }
  const sources = new Set<EventSourceClass>()
  for (const [index, source] of (from as readonly unknown[]).entries()) {
    if (typeof source !== 'function') {
      report(`from[${index}] must be an aggregate class (undefined if its file imports this one)`)
    } else if (sources.has(source as EventSourceClass)) report(`from[${index}] is there twice`)
    else sources.add(source as EventSourceClass)
  }
  return [...sources]
}

function readHandlers(
  projectionClass: AnyClass,
  methods: readonly MethodRecord[],
  kind: ProjectionModel['kind'],
  report: ReportFault,
): ReadonlyMap<string, EventHandlerModel> {
  const handlers = new Map<string, EventHandlerModel>()
  for (const method of methods) {
    const find = kind === 'table' ? synchronousMethod : decoratedMethod
    const run = find(projectionClass, method, report)
    const event = method.message
    if (method.decorator !== 'Projects') {
      report(`${describeMethod(method)} belongs into an aggregate`)
    } else if (!isEventType(event)) {
      report(`${describeMethod(method)} ${notAClass('an event')}`)
    } else if (handlers.has(event.type)) {
      report(`the event ${event.type} has two handlers`)
    } else if (run !== undefined) {
      eventFaults(event).forEach(report)
      handlers.set(event.type, { event, method: String(method.method), run })
    }
  }
  if (methods.length === 0) report('it handles no event: add a method with @Projects')
  return handlers
}

function readCreateTables(projectionClass: ProjectionClass, report: ReportFault): CreateTables {
  const { tables } = projectionClass as { readonly tables?: unknown }
  if (typeof tables !== 'function') report('it needs static tables(db, schema), which creates its tables')
  return (db, schema) => (projectionClass as unknown as { tables: CreateTables }).tables(db, schema)
}

/** What JavaScript may have passed as the definition of a table. */
interface UncheckedTable {
  readonly table?: unknown
  readonly key?: unknown
  readonly columns?: unknown
  readonly indexes?: unknown
}

type TablePart = Pick<TableProjectionModel, 'table' | 'key' | 'columns' | 'indexes'>

function readTable(projectionClass: AnyClass, report: ReportFault): TablePart {
  const { table, key, columns, indexes } = Reflect.get(
    projectionClass.prototype as object,
    tableDefinition,
  ) as UncheckedTable
  const fault = nameFault('table', table)
  if (fault !== undefined) report(fault)
  const columnFaults = fieldFaults(columns, 'column')
  columnFaults.forEach(report)
  // Of columns that are no fields, nothing more can be said.
  if (columnFaults.length > 0) return { table: String(table), key: String(key), columns: [], indexes: [] }

  const fields = columns as Readonly<Record<string, Field<unknown, boolean>>>
  reportKeyFault(key, fields, report)
  return {
    table: String(table),
    key: String(key),
    columns: Object.entries(fields).map(([name, field]) => ({
      name,
      field,
      origin: originOf(name, field, key),
    })),
    indexes: readIndexes(indexes ?? [], fields, report),
  }
}

function reportKeyFault(
  key: unknown,
  fields: Readonly<Record<string, Field<unknown, boolean>>>,
  report: ReportFault,
): void {
  const field = typeof key === 'string' && Object.hasOwn(fields, key) ? fields[key] : undefined
  if (field === undefined) report(`its key ${String(key)} must be one of its columns`)
  else if (field.optional || (field.kind !== 'string' && field.kind !== 'uuid')) {
    report(`its key ${String(key)} must be a string or a uuid, and not optional`)
  }
}

function originOf(name: string, field: Field<unknown, boolean>, key: unknown): ColumnOrigin {
  if (name === key) return 'key'
  if (field.initial !== undefined) return 'initial'
  return field.optional ? 'optional' : 'handler'
}

function readIndexes(indexes: unknown, fields: object, report: ReportFault): readonly (readonly string[])[] {
  if (!Array.isArray(indexes) || !indexes.every((index) => Array.isArray(index) && index.length > 0)) {
    report('indexes must be a list of lists of column names')
    return []
  }
  const lists = indexes as readonly (readonly unknown[])[]
  for (const name of new Set(lists.flat())) {
    if (typeof name !== 'string' || !Object.hasOwn(fields, name)) {
      report(`its indexes name ${String(name)}, which is not one of its columns`)
    }
  }
  return lists.map((index) => index.map(String))
}
