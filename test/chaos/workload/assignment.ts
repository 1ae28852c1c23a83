import type { Role } from '../../../src/app/roles.js'

/** What a worker is told in its environment. Plain JSON. */
export interface Assignment {
  readonly name: string
  readonly role: Role
  /** Counts the processes of this name. */
  readonly life: number
  readonly seed: number
  readonly databaseUrl: string
  readonly readDatabaseUrl: string | undefined
  readonly brokers: string | undefined
  readonly lease: number
  readonly inline: boolean
  readonly planted: string | undefined
  /** Where a client writes what it asked for and was answered. */
  readonly history: string
  /** Where effects write what they did. */
  readonly effects: string
}

export type Order =
  | { readonly order: 'finish' }
  /** From now on some notes carry one of these marks; none: no note does. */
  | { readonly order: 'mark'; readonly marks: readonly string[] }

/** What a worker's app says of itself: the least of it that a curve needs. */
export interface ShownHealth {
  readonly ready: boolean
  readonly status: string
  /** Of what is not well: its state. */
  readonly unwell: Readonly<Record<string, string>>
}

export type Message =
  | { readonly say: 'ready' }
  | { readonly say: 'finished' }
  | { readonly say: 'health'; readonly health: ShownHealth }

export const ASSIGNMENT = 'CHAOS_ASSIGNMENT'
