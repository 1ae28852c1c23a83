import { randomUUID } from 'node:crypto'
import type { StoredEvent } from '../../src/core/envelope.js'

/** Events as a store would give them out, for a log that keeps its own copies: dense versions per stream, positions rising. */
export function storedEvents(): (
  streamIds: readonly string[],
  count: number,
) => Promise<readonly StoredEvent[]> {
  const versions = new Map<string, number>()
  let position = 0n
  const next = (id: string): StoredEvent => {
    const version = (versions.get(id) ?? 0) + 1
    versions.set(id, version)
    const commandId = randomUUID()
    return {
      position: ++position,
      eventId: randomUUID(),
      stream: { type: 'account', id },
      version,
      type: 'MoneyDeposited',
      schemaVersion: 1,
      payload: JSON.stringify({ amount: version.toString() }),
      metadata: { commandId, correlationId: commandId, causationId: commandId },
      occurredAt: new Date('1998-12-31T00:00:00.000Z'),
      recordedAt: new Date(),
    }
  }
  return (streamIds, count) =>
    Promise.resolve(Array.from({ length: count }, () => streamIds.map((id) => next(id))).flat())
}
