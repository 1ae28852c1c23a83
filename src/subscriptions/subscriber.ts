import type { Envelope } from '../core/envelope.js'
import type { EventInstance } from '../core/event.js'

/** What stands behind a subscription: the handlers of a projection, or of a process manager. */
export interface Subscriber<Tx> {
  /** Names the checkpoints and guards, with the generation. Never changes once deployed. */
  readonly name: string
  readonly generation: number

  /** The event types it has handlers for. Events of other types only move the guard on. */
  readonly handles: ReadonlySet<string>

  /**
   * Applies events in order inside the batch's transaction. When it throws, nothing of the batch is kept; a
   * {@link HandlerFailed} tells which event it was.
   */
  apply(tx: Tx, envelopes: readonly Envelope<EventInstance>[]): Promise<void>
}

/** A handler threw at an event. */
export class HandlerFailed extends Error {
  readonly envelope: Envelope
  /** Whether the database was the reason, and the same event can succeed later. A fault of the handler's own stays. */
  readonly transient: boolean

  constructor(envelope: Envelope, cause: unknown, transient: boolean) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.envelope = envelope
    this.transient = transient
  }
}
