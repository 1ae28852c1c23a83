import { isContract } from '../core/contract.js'
import type { ProjectionModel } from './projection-model.js'

/** Whether a projection reads from producers that number nothing: nobody knows that a key keeps to one lane there. */
export function readsUnnumbered({ sources }: Pick<ProjectionModel, 'sources'>): boolean {
  return sources.some((source) => isContract(source) && source.guard !== 'versions')
}
