function refuse(): never {
  throw new TypeError('this Map is part of an immutable value: make a new Map from it')
}

const refusal = { value: refuse }

/**
 * A Map of `entries` that cannot be changed. A plain one with refusals of its own, not of a class of ours, since
 * assertions take maps of different classes for different. They are not enumerable: what compares or prints properties
 * sees none.
 */
export function readOnlyMap<V>(entries: readonly (readonly [string, V])[]): ReadonlyMap<string, V> {
  const map = new Map(entries)
  Object.defineProperties(map, { set: refusal, delete: refusal, clear: refusal })
  return Object.freeze(map)
}
