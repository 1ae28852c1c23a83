import { type ReplaceableParts, shippedParts } from '../../src/app/replaceable-parts.js'
import { Chance } from './chance.js'

/** A wrong variant of a part, which the checker has to catch. */
export interface PlantedFault {
  readonly name: string
  readonly log: 'postgres' | 'kafka' | 'both'
  /** Where it strikes by chance, what the seed of its process gives. */
  readonly parts: (chance: Chance) => Partial<ReplaceableParts>
  /** The invariants of which at least one is violated by it. */
  readonly catches: readonly string[]
  /** What chaos it takes to show. */
  readonly mix: readonly string[]
  /** How long it takes to show. @defaultValue 40 */
  readonly seconds?: number
}

export async function plantedFaults(): Promise<readonly PlantedFault[]> {
  const place = new URL('./planted/index.js', import.meta.url).href
  const { planted } = (await import(place)) as { planted: readonly PlantedFault[] }
  return planted
}

export async function plantedParts(name: string, seed: number): Promise<ReplaceableParts> {
  const fault = (await plantedFaults()).find((it) => it.name === name)
  if (fault === undefined) throw new Error(`there is no planted fault ${name}`)
  return { ...shippedParts, ...fault.parts(Chance.of(seed, name)) }
}
