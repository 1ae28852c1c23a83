import { aggregateModelFor, type AggregateClass } from '../../aggregates/index.js'
import { isContract } from '../../core/contract.js'
import { DefinitionError } from '../../core/errors/index.js'
import type { EventSourceRef } from '../../core/event-source.js'
import { type EventInstance, eventTypeOf } from '../../core/event.js'
import {
  type ProjectionClass,
  type ProjectionModel,
  projectionModelOf,
  type TableProjectionModel,
} from '../../projections/index.js'
import { assertionError } from './assertion.js'

/**
 * The model of a projection's class.
 *
 * @throws {@link DefinitionError} with every fault of the class
 */
export function projectionModelFor(projection: ProjectionClass): ProjectionModel {
  const faults: string[] = []
  const model = projectionModelOf(projection, faults)
  if (model === undefined || faults.length > 0) throw new DefinitionError(faults)
  return model
}

/** As {@link projectionModelFor}. @throws an AssertionError for a projection that writes SQL */
export function tableModelFor(projection: ProjectionClass): TableProjectionModel {
  const model = projectionModelFor(projection)
  if (model.kind === 'table') return model
  throw assertionError(
    `${model.name} writes SQL, for which a database is needed: await givenInDatabase(${projection.name}, …).then(…)`,
  )
}

/**
 * The type of the stream that an event comes from, by what the projection reads from.
 *
 * @throws an AssertionError when nothing of that emits the event: the projection would never get it
 */
export function streamTypeOf({ name, sources }: ProjectionModel, event: EventInstance): string {
  const type = eventTypeOf(event)
  const source = sources.map(sourceOf).find(({ events }) => events.includes(type))
  if (source !== undefined) return source.name
  throw assertionError(`nothing that the projection ${name} reads from emits ${type}`)
}

function sourceOf(source: EventSourceRef): { readonly name: string; readonly events: readonly string[] } {
  if (isContract(source)) return { name: source.name, events: source.events.map(({ type }) => type) }
  const { name, events } = aggregateModelFor(source as AggregateClass)
  return { name, events: [...events.keys()] }
}
