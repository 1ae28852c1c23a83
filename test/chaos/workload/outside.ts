import { appendFileSync, existsSync } from 'node:fs'
import type { EffectContext } from 'reprise'
import type { EffectFact } from '../facts.js'
import { ASSIGNMENT, type Assignment } from './assignment.js'

/** What an effect handler did; whether that was new is for whoever knows what all processes did. */
export type Deed = Omit<EffectFact, 'effective'>

let begun = false

/** The world outside: a file of the process, in which every deed is before its handler goes on. */
export function actOutside(effect: string, { idempotencyKey, envelope }: EffectContext): void {
  const told = process.env[ASSIGNMENT]
  // Whoever is no worker of a run, such as the command line, acts on nothing.
  if (told === undefined) return
  const { effects: path, name, life } = JSON.parse(told) as Assignment
  // What the life before was killed at must not run into our first line.
  if (!begun && existsSync(path)) appendFileSync(path, '\n')
  begun = true
  const { eventId } = envelope
  const deed: Deed = { at: Date.now(), process: name, life, effect, idempotencyKey, eventId }
  appendFileSync(path, `${JSON.stringify(deed)}\n`)
}
