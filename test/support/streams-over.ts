import { partitionOf } from '../../src/log/partitioner.js'

/** New stream ids, `each` of them for every one of `partitions`. */
export function streamsOver(partitions: number, each: number, prefix: string): readonly string[] {
  const missing = new Map(Array.from({ length: partitions }, (_, partition) => [partition, each]))
  const ids: string[] = []
  for (let index = 0; ids.length < partitions * each; index++) {
    const id = `${prefix}-${index}`
    const left = missing.get(partitionOf(id, partitions)) ?? 0
    if (left === 0) continue
    missing.set(partitionOf(id, partitions), left - 1)
    ids.push(id)
  }
  return ids
}
