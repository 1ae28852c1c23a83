import type { AppModel } from '../app-model.js'

/** Whether an app only consumes: then it has no store. */
export function isConsumer({ aggregates, contracts }: Pick<AppModel, 'aggregates' | 'contracts'>): boolean {
  return aggregates.length === 0 && contracts.length > 0
}
