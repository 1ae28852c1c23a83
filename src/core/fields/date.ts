import type { Field } from './field.js'
import { kindOf } from './kind-of.js'
import { scalarField } from './scalar-field.js'

const form = /^\d{4}-\d{2}-\d{2}$/

/**
 * A day of the calendar without time or zone, 'YYYY-MM-DD', of the years 1 to 9999.
 *
 * @example
 * DomainEvent('CopyLent', { dueOn: date() }) // new CopyLent({ dueOn: '2026-03-31' })
 */
export function date(initial?: string): Field<string> {
  return scalarField({ kind: 'date', initial, problemOf, toJson: (value) => value })
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return `must be a date string, not ${kindOf(value)}`
  return form.test(value) && isDay(value) ? undefined : 'must be a day of the calendar, written YYYY-MM-DD'
}

function isDay(text: string): boolean {
  const midnight = new Date(`${text}T00:00:00.000Z`)
  if (text.startsWith('0000') || Number.isNaN(midnight.getTime())) return false
  return midnight.toISOString().startsWith(text)
}
