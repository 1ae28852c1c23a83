import type { Envelope } from '../core/envelope.js'
import type { EventInstance } from '../core/event.js'

/** What is known of an event before it is read. */
export interface GivenEvent {
  readonly type: string
  readonly recordedAt: Date
}

/** What stands behind a subscription: the handlers of a projection, or of effects. */
export interface Subscriber<Tx> {
  /** Names the checkpoints and guards, with the generation. Never changes once deployed. */
  readonly name: string
  readonly generation: number

  /** What it is called to people. @defaultValue 'projection' */
  readonly kind?: 'projection' | 'effect'

  /** The fingerprint of the definition that its handlers are of. @defaultValue none is told apart */
  readonly definition?: string

  /** The event types it has handlers for. Events of other types only move the guard on. */
  readonly handles: ReadonlySet<string>

  /**
   * Whether it is given an event of a type that it handles. One that it does not want only moves the guard on.
   *
   * @defaultValue all of them
   */
  wants?(event: GivenEvent): boolean

  /**
   * Whether each event that it is given has a transaction of its own, but for one that its topic skipped, which shares that
   * of the event behind it. @defaultValue false
   */
  readonly oneAtATime?: boolean

  /**
   * The key behind whose letters an event waits. Its events keep their order among themselves.
   *
   * @defaultValue the name of its stream
   */
  sequenceKeyOf?(envelope: Envelope<EventInstance>): string

  /**
   * Applies events in order inside the batch's transaction. When it throws, nothing of the batch is kept; a
   * {@link HandlerFailed} tells which event it was.
   */
  apply(tx: Tx, envelopes: readonly Envelope<EventInstance>[]): Promise<void>
}

/** Whether a subscriber is given an event; any other only moves the guard on. */
export function isGiven(
  subscriber: Pick<Subscriber<never>, 'handles' | 'wants'>,
  event: GivenEvent,
): boolean {
  return subscriber.handles.has(event.type) && subscriber.wants?.(event) !== false
}

/** Applying an event failed without saying at which: as where the database refused a row. Whether that passes, its cause tells. */
export class UnnamedFailure extends Error {
  readonly envelope: Envelope

  constructor(envelope: Envelope, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.envelope = envelope
  }
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
