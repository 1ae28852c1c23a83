import { type AggregateModel, aggregateModelOf, AggregateRoot } from '../aggregates/index.js'
import { DefinitionError } from '../core/errors/index.js'
import type { EventType } from '../core/event.js'
import { nameFault } from '../core/names.js'
import { type ProjectionModel, projectionModelOf } from '../projections/index.js'
import type { AppDefinition } from './definition.js'

/** An app whose definition has been checked as a whole. */
export interface AppModel {
  readonly name: string
  readonly aggregates: readonly AggregateModel[]
  readonly projections: readonly ProjectionModel[]
}

const models = new WeakMap<AppDefinition, AppModel>()

// `<app>_<projection>_g<n>` must be an identifier of Postgres, which cuts longer ones off without a word.
const maximumIdentifier = 63
const generationSuffix = '_g999999'.length

/**
 * Checks a definition, and gives its model; the same one each time.
 *
 * @throws {@link DefinitionError} with every fault of every aggregate, projection, event and command
 */
export function modelOf(definition: AppDefinition): AppModel {
  const known = models.get(definition)
  if (known !== undefined) return known
  const faults: string[] = []
  const aggregates = classesIn('aggregates', definition, faults).map((it) => {
    if (!(it.prototype instanceof AggregateRoot)) faults.push(`class ${it.name} must extend AggregateRoot`)
    return aggregateModelOf(it, faults)
  })
  const projections = classesIn('projections', definition, faults)
    .map((it) => projectionModelOf(it, faults))
    .filter((it) => it !== undefined)
  const model: AppModel = Object.freeze({ name: definition.name, aggregates, projections })
  faults.push(...appFaults(model))
  // An event class that several definitions share brings its own faults along each time.
  if (faults.length > 0) throw new DefinitionError([...new Set(faults)])
  models.set(definition, model)
  return model
}

/** The listed classes. JavaScript may list anything, and an import cycle lists undefined. */
function classesIn<K extends 'aggregates' | 'projections'>(
  list: K,
  definition: AppDefinition,
  faults: string[],
): AppDefinition[K][number][] {
  return definition[list].filter((listed: unknown, index) => {
    const isClass = typeof listed === 'function'
    if (!isClass) faults.push(`${list}[${index}] is not a class (undefined if its file imports this one)`)
    return isClass
  })
}

/** What is wrong with an app though each of its parts may be right. */
function appFaults({ name, aggregates, projections }: AppModel): readonly string[] {
  const tables = projections.flatMap((it) => (it.kind === 'table' ? [it.table] : []))
  const commands = aggregates.flatMap((it) => [...it.handlers.keys()])
  const fault = nameFault('app', name)
  return [
    ...(fault === undefined ? [] : [fault]),
    ...repeated(aggregates.map((it) => it.name)).map((it) => `two aggregates are called ${it}`),
    ...repeated(projections.map((it) => it.name)).map((it) => `two projections are called ${it}`),
    ...repeated(tables).map((it) => `two projections write to the table ${it}`),
    ...repeated(commands).map((it) => `the command ${it} is handled by two aggregates`),
    ...eventClassFaults(aggregates, projections),
    ...projections.flatMap((projection) => sourceFaults(projection, aggregates)),
    ...projections.flatMap((projection) => lengthFaults(name, projection)),
  ]
}

/** One event type is one class: else what is stored as one would be read as the other. */
function eventClassFaults(
  aggregates: readonly AggregateModel[],
  projections: readonly ProjectionModel[],
): readonly string[] {
  const classes = new Map<string, Set<EventType>>()
  const events = [
    ...aggregates.flatMap((it) => [...it.events.values()]),
    ...projections.flatMap((it) => [...it.handlers.values()].map(({ event }) => event)),
  ]
  for (const event of events) {
    const known = classes.get(event.type) ?? new Set()
    classes.set(event.type, known.add(event))
  }
  return [...classes]
    .filter(([, { size }]) => size > 1)
    .map(([type]) => `the event type ${type} stands for two classes: give one of them another name`)
}

function sourceFaults(projection: ProjectionModel, aggregates: readonly AggregateModel[]): readonly string[] {
  const sources = aggregates.filter((it) => projection.sources.includes(it.aggregateClass))
  const known: readonly unknown[] = aggregates.map((it) => it.aggregateClass)
  const strangers = projection.sources
    .filter((source) => !known.includes(source))
    .map(
      (source) =>
        `projection ${projection.name}: from names ${source.name}, which is not an aggregate of the app`,
    )
  const unemitted = [...projection.handlers.keys()]
    .filter((type) => !sources.some((source) => source.events.has(type)))
    .map((type) => `projection ${projection.name}: no aggregate that it reads from emits ${type}`)
  return [...strangers, ...unemitted]
}

function lengthFaults(app: string, { name }: ProjectionModel): readonly string[] {
  const excess = `${app}_${name}`.length + generationSuffix - maximumIdentifier
  return excess > 0
    ? [
        `projection ${name}: its name and the app's are ${excess} characters too long together for a schema name`,
      ]
    : []
}

function repeated(names: readonly string[]): readonly string[] {
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}
