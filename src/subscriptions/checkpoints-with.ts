import type { CheckpointStore } from './checkpoint-store.js'

/** A checkpoint store with other ways to do some of what it does. */
export function checkpointsWith<Tx>(
  store: CheckpointStore<Tx>,
  changes: Partial<CheckpointStore<Tx>>,
): CheckpointStore<Tx> {
  return new Proxy(store, {
    get(target, name) {
      const changed: unknown = Reflect.get(changes, name)
      if (changed !== undefined) return changed
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? (member.bind(target) as unknown) : member
    },
  })
}
