import {
  type AggregateModel,
  aggregateModelOf,
  AggregateRoot,
  preparationsModelOf,
  type PreparationsModel,
} from '../aggregates/index.js'
import { type Contract, isContract } from '../core/contract.js'
import { DefinitionError } from '../core/errors/index.js'
import { type EffectsModel, effectsModelOf } from '../processes/index.js'
import { type ProjectionModel, projectionModelOf } from '../projections/index.js'
import { appFaults } from './app-faults.js'
import { type AppDefinition, unknownOptionsOf } from './definition.js'

/** An app whose definition has been checked as a whole. */
export interface AppModel {
  readonly name: string
  readonly aggregates: readonly AggregateModel[]
  readonly projections: readonly ProjectionModel[]
  readonly effects: readonly EffectsModel[]
  readonly preparations: readonly PreparationsModel[]
  /** What it reads of other services. Not empty in a service that only consumes, which has no aggregates. */
  readonly contracts: readonly Contract[]
}

const models = new WeakMap<AppDefinition, AppModel>()

/**
 * Checks a definition, and gives its model; the same one each time.
 *
 * @throws {@link DefinitionError} with every fault of all of its parts, and of the app that they make
 */
export function modelOf(definition: AppDefinition): AppModel {
  const known = models.get(definition)
  if (known !== undefined) return known
  const faults: string[] = unknownOptionsOf(definition).map((name) => `${name} is no option of an app`)
  const aggregates = classesIn('aggregates', definition, faults).map((it) => {
    if (!(it.prototype instanceof AggregateRoot)) faults.push(`class ${it.name} must extend AggregateRoot`)
    return aggregateModelOf(it, faults)
  })
  const projections = classesIn('projections', definition, faults)
    .map((it) => projectionModelOf(it, faults))
    .filter((it) => it !== undefined)
  const effects = classesIn('effects', definition, faults)
    .map((it) => effectsModelOf(it, faults))
    .filter((it) => it !== undefined)
  const preparations = classesIn('preparations', definition, faults).map((it) =>
    preparationsModelOf(it, faults),
  )
  const contracts = contractsIn(definition, faults)
  const model: AppModel = Object.freeze({
    name: definition.name,
    aggregates,
    projections,
    effects,
    preparations,
    contracts,
  })
  faults.push(...appFaults(model))
  // An event class that several definitions share brings its own faults along each time.
  if (faults.length > 0) throw new DefinitionError([...new Set(faults)])
  models.set(definition, model)
  return model
}

/** The listed classes. JavaScript may list anything, and an import cycle lists undefined. */
function classesIn<K extends 'aggregates' | 'projections' | 'effects' | 'preparations'>(
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

function contractsIn({ consumes }: AppDefinition, faults: string[]): readonly Contract[] {
  return consumes.filter((listed: unknown, index) => {
    if (isContract(listed)) faults.push(...listed.faults)
    else
      faults.push(
        `consumes[${index}] must be made with defineContract (undefined if its file imports this one)`,
      )
    return isContract(listed)
  })
}
