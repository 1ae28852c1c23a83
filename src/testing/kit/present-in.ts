import { isEvent } from '../../core/event.js'

/** A row without what is null or undefined: a database says null where a field says absent. All else is given as it is. */
export function presentIn<T>(value: T): T {
  if (!isRow(value)) return value
  const present = Object.entries(value).filter(([, column]) => column !== null && column !== undefined)
  return Object.fromEntries(present) as T
}

function isRow(value: unknown): value is object {
  const isRecord = Object.prototype.toString.call(value) === '[object Object]'
  return isRecord && !isEvent(value) && Object.values(value as object).includes(null)
}
