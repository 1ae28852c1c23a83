import { randomUUID } from 'node:crypto'
import type { ReservationChange } from '../../src/core/envelope.js'
import type { AppendRequest, NewEvent, StreamAppend, StreamGuard } from '../../src/core/ports/event-store.js'
import type { StreamRef } from '../../src/core/stream.js'

export const account = (id: string): StreamRef => ({ type: 'account', id })

/** What a test wants appended to one account, or to another stream. */
export interface WantedAppend {
  readonly id: string
  readonly type?: string
  /** @defaultValue 0 */
  readonly at?: number
  /** @defaultValue 1 */
  readonly events?: number
  readonly reserves?: readonly ReservationChange[]
  readonly closes?: boolean
}

export interface WantedRequest {
  readonly commandId?: string
  readonly fingerprint?: string
  readonly guards?: readonly StreamGuard[]
}

/** A request for some streams; the first event of each carries what its stream reserves and releases, as the bus has it. */
export function requestFor(
  wanted: readonly WantedAppend[],
  { commandId = randomUUID(), fingerprint = 'f', guards = [] }: WantedRequest = {},
): AppendRequest {
  return { commandId, fingerprint, streams: wanted.map((it) => streamAppend(commandId, it)), guards }
}

export const reserve = (scope: string, value: string): ReservationChange => ({
  kind: 'reserve',
  scope,
  value,
})
export const release = (scope: string, value: string): ReservationChange => ({
  kind: 'release',
  scope,
  value,
})

function streamAppend(
  commandId: string,
  { id, type = 'account', at = 0, events = 1, reserves = [], closes = false }: WantedAppend,
): StreamAppend {
  return {
    stream: { type, id },
    expectedVersion: at,
    events: Array.from({ length: events }, (_, index) => deposited(commandId, index === 0 ? reserves : [])),
    reservations: reserves,
    closes,
  }
}

function deposited(commandId: string, reservations: readonly ReservationChange[]): NewEvent {
  const metadata = { commandId, correlationId: commandId, causationId: commandId }
  return {
    eventId: randomUUID(),
    type: 'MoneyDeposited',
    schemaVersion: 1,
    payload: '{"amount":"1"}',
    metadata: reservations.length === 0 ? metadata : { ...metadata, reservations },
    occurredAt: new Date(),
  }
}
