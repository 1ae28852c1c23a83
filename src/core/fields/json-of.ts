/**
 * The JSON of a value inside an array, a map or a record, as a query reads it from a jsonb column: longs, instants and
 * bytes are strings there, and a map is a list of `[key, value]`, which `new Map()` takes.
 */
export type JsonOf<T> = T extends bigint | Date | Uint8Array
  ? string
  : T extends ReadonlyMap<string, infer V>
    ? readonly (readonly [key: string, value: JsonOf<V>])[]
    : T extends readonly (infer E)[]
      ? readonly JsonOf<E>[]
      : T extends object
        ? { [K in keyof T]: JsonOf<T[K]> }
        : T
