import { type DecoratedMethod, isAsync, type ReportFault } from '../core/decorated-method.js'
import { type Fields, fieldFaults } from '../core/fields/index.js'
import type { AggregateClass, SnapshotPolicy, StateModel } from './aggregate-model.js'

/** What JavaScript may have passed as options. */
interface UncheckedOptions {
  readonly state?: unknown
  readonly snapshots?: unknown
}

/** The declared state of an aggregate's class, checked; undefined where it declares none. */
export function readState(
  aggregateClass: AggregateClass,
  { state, snapshots }: UncheckedOptions,
  report: ReportFault,
): StateModel | undefined {
  if (state === undefined) {
    if (snapshots !== undefined) report('snapshots need a declared state: add state: { version, fields }')
    return undefined
  }
  const { version, fields, ...unknown } = (typeof state === 'object' ? { ...state } : {}) as Readonly<
    Record<string, unknown>
  >
  for (const option of Object.keys(unknown))
    report(`state.${option} is not known: state has version and fields`)
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) {
    report('state.version must be a whole number above 0')
  }
  for (const fault of fieldFaults(fields)) report(`state: ${fault}`)
  return {
    version: version as number,
    fields: fields as Fields,
    snapshots: readSnapshots(snapshots, report),
    get: stateMethod(aggregateClass, 'state', report),
    restore: stateMethod(aggregateClass, 'restore', report),
  }
}

function readSnapshots(snapshots: unknown, report: ReportFault): SnapshotPolicy | undefined {
  if (snapshots === undefined || typeof snapshots === 'function')
    return snapshots as SnapshotPolicy | undefined
  const { every } = Object(snapshots) as { readonly every?: unknown }
  if (typeof every === 'number' && Number.isSafeInteger(every) && every > 0) return { every }
  report('snapshots must be { every: a whole number above 0 }, or a function that says when')
  return undefined
}

function stateMethod(
  aggregateClass: AggregateClass,
  name: 'state' | 'restore',
  report: ReportFault,
): DecoratedMethod {
  const method: unknown = Reflect.get(aggregateClass.prototype as object, name)
  if (typeof method !== 'function') report(`its state is declared, so it needs a method ${name}()`)
  else if (isAsync(method)) report(`its method ${name}() must not be async`)
  return method as DecoratedMethod
}
