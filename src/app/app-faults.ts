import { classText } from '../core/decorated-method.js'
import type { EventType } from '../core/event.js'
import { nameFault } from '../core/names.js'
import type { EffectsModel } from '../processes/index.js'
import type { ProjectionModel } from '../projections/index.js'
import type { AppModel } from './app-model.js'

// `<app>_<projection>_g<n>` must be an identifier of Postgres, which cuts longer ones off without a word.
const maximumIdentifier = 63
const generationSuffix = '_g999999'.length

/** What is wrong with an app though each of its parts may be right. */
export function appFaults(app: AppModel): readonly string[] {
  const { name, aggregates, projections, effects, contracts } = app
  const tables = projections.flatMap((it) => (it.kind === 'table' ? [it.table] : []))
  const commands = aggregates.flatMap((it) => [...it.handlers.keys()])
  const fault = nameFault('app', name)
  return [
    ...(fault === undefined ? [] : [fault]),
    ...repeated(aggregates.map((it) => it.name)).map((it) => `two aggregates are called ${it}`),
    ...repeated(projections.map((it) => it.name)).map((it) => `two projections are called ${it}`),
    ...repeated(effects.map((it) => it.name)).map((it) => `two classes of effects are called ${it}`),
    ...effects
      .filter((it) => projections.some((other) => other.name === it.name))
      .map((it) => `effects and a projection are called ${it.name}: their checkpoints would be the same`),
    ...repeated(contracts.map((it) => it.name)).map((it) => `two contracts are called ${it}`),
    ...repeated(contracts.map((it) => it.topic)).map((it) => `two contracts are of the topic ${it}`),
    ...repeated(tables).map((it) => `two projections write to the table ${it}`),
    ...repeated(commands).map((it) => `the command ${it} is handled by two aggregates`),
    ...eventClassFaults(app),
    ...originFaults(app),
    ...preparationFaults(app),
    ...projections.flatMap((it) => sourceFaults(`projection ${it.name}`, it, app)),
    ...effects.flatMap((it) => sourceFaults(`effects ${it.name}`, it, app)),
    ...projections.flatMap((projection) => lengthFaults(name, projection)),
  ]
}

/** One event type is one class: else what is stored as one would be read as the other. */
function eventClassFaults({ aggregates, projections, effects, contracts }: AppModel): readonly string[] {
  const classes = new Map<string, Set<EventType>>()
  const events = [
    ...aggregates.flatMap((it) => [...it.events.values()]),
    ...contracts.flatMap((it) => it.events),
    ...[...projections, ...effects].flatMap((it) => [...it.handlers.values()].map(({ event }) => event)),
  ]
  for (const event of events) {
    const known = classes.get(event.type) ?? new Set()
    classes.set(event.type, known.add(event))
  }
  return [...classes]
    .filter(([, { size }]) => size > 1)
    .map(([type]) => `the event type ${type} stands for two classes: give one of them another name`)
}

/** A service has a store of its own, or reads what others publish; both in one is not supported yet. */
function originFaults({ aggregates, contracts }: AppModel): readonly string[] {
  if (aggregates.length === 0 && contracts.length === 0) {
    return ['the app has no events: list its aggregates, or the contracts that it consumes']
  }
  return aggregates.length > 0 && contracts.length > 0
    ? [
        'an app with aggregates cannot consume contracts yet: put the projections that read from contracts ' +
          'into a service of their own, with consumes and without aggregates',
      ]
    : []
}

function preparationFaults({ aggregates, preparations }: AppModel): readonly string[] {
  const steps = preparations.flatMap((it) => it.steps)
  const handled = new Set<unknown>(
    aggregates.flatMap((it) => [...it.handlers.values()].map(({ command }) => command)),
  )
  return [
    ...repeated(steps.map((it) => it.command.type)).map((it) => `the command ${it} has two preparing steps`),
    ...steps
      .filter(({ command }) => !handled.has(command))
      .map(({ command, method }) => `@Prepares ${method} is for ${command.type}, which no aggregate handles`),
  ]
}

function sourceFaults(
  subject: string,
  { sources, handlers }: Pick<ProjectionModel | EffectsModel, 'sources' | 'handlers'>,
  { aggregates, contracts }: AppModel,
): readonly string[] {
  const known: ReadonlyMap<unknown, readonly string[]> = new Map<unknown, readonly string[]>([
    ...aggregates.map((it) => [it.aggregateClass, [...it.events.keys()]] as const),
    ...contracts.map((it) => [it, it.events.map(({ type }) => type)] as const),
  ])
  const strangers = sources
    .filter((source) => !known.has(source))
    .map(
      (source) =>
        `${subject}: from names ${classText(source)}, which is ` +
        (typeof source === 'function' ? 'not an aggregate of the app' : 'not in what the app consumes'),
    )
  const emitted = new Set(sources.flatMap((source) => known.get(source) ?? []))
  const unemitted = [...handlers.keys()]
    .filter((type) => !emitted.has(type))
    .map((type) => `${subject}: nothing that it reads from emits ${type}`)
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
