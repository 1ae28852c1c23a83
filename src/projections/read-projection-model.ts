import { readAttempts } from '../core/attempts.js'
import {
  classDefinition,
  decoratedMethod,
  describeMethod,
  notAClass,
  type ReportFault,
  synchronousMethod,
} from '../core/decorated-method.js'
import type { AnyClass, MethodRecord } from '../core/definition-metadata.js'
import { eventFaults, isEventType } from '../core/event.js'
import { injectedServices } from '../core/injected-services.js'
import { listedSources } from '../core/listed-sources.js'
import { nameFault } from '../core/names.js'
import type { EventHandlerModel, ProjectionClass, ProjectionModel } from './projection-model.js'
import { readKeying } from './read-keying.js'
import { readTable } from './read-table-model.js'
import { type CreateTables, SqlProjection } from './sql-projection.js'
import { tableDefinition } from './table-projection.js'

/**
 * Turns what is recorded on a class into a model, in one pass. Adds every fault to `faults`; a model with faults is
 * good for finding more of them, and for nothing else. Undefined for a class that is no projection at all.
 */
export function projectionModelOf(
  projectionClass: ProjectionClass,
  faults: string[],
): ProjectionModel | undefined {
  const definition = classDefinition(projectionClass, 'Projection', (fault) => faults.push(fault))
  if (definition === undefined) return undefined
  const { options, methods } = definition
  const name = typeof options['name'] === 'string' ? options['name'] : projectionClass.name
  const report = (fault: string) => faults.push(`projection ${name}: ${fault}`)

  const fault = nameFault('projection', options['name'])
  if (fault !== undefined) report(fault)
  const kind = kindOf(projectionClass)
  if (kind === undefined) {
    report('its class must extend TableProjection({ … }) or SqlProjection')
    return undefined
  }
  const version = readVersion(options['version'], report)
  const sources = listedSources(options['from'], report)
  const common = {
    name,
    version,
    projectionClass,
    sources,
    ...readKeying(options, kind, sources, report),
    attempts: attemptsOf(options['attempts'], options['inline'] === true, report),
    inject: injectedServices(projectionClass, options['inject'], report),
    handlers: readHandlers(projectionClass, methods, kind, report),
  }
  return kind === 'table'
    ? { ...common, kind, ...readTable(projectionClass, report) }
    : { ...common, kind, createTables: readCreateTables(projectionClass, report) }
}

function kindOf(projectionClass: AnyClass): ProjectionModel['kind'] | undefined {
  const prototype = projectionClass.prototype as object
  if (tableDefinition in prototype) return 'table'
  return prototype instanceof SqlProjection ? 'sql' : undefined
}

function readVersion(version: unknown, report: ReportFault): number {
  if (isCount(version)) return version
  report('version must be a whole number above 0')
  return 1
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0

function attemptsOf(attempts: unknown, inline: boolean, report: ReportFault): number {
  if (attempts !== undefined && inline)
    report('attempts is not for an inline projection: what its handler throws at once fails the command')
  return readAttempts(attempts, report)
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
      report(`${describeMethod(method)} does not belong into a projection`)
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
