import type { App, RunningProjections, StopOptions } from '../app.js'
import type { Counters, Surroundings } from '../app-facts.js'

/** The projections of a running service that only consumes. */
export interface ConsumingProjections {
  /**
   * Resolves when the projection has applied the events of a command that its producer executed, by whichever process, so
   * that a read after it sees them: a receipt is plain JSON, so it can travel to another service. What the projection
   * does not read is not waited for.
   *
   * @throws {@link ProjectionStopped} at once when the projection has stopped, {@link TimedOut} after `timeout`
   * (default 5 s), {@link InvalidValue} for a stream of a producer that does not number events: there is no telling how
   * far the projection has come with it
   *
   * @example
   * await service.projections.caughtUp(Turnover, request.body.receipt, { timeout: '2s' })
   */
  readonly caughtUp: RunningProjections['caughtUp']
}

/**
 * A running service that only consumes: read models in a database of its own, fed from the topics of other services. It
 * executes no commands and has no history.
 *
 * States: running → stopping → stopped. {@link stop} may be called at any time and again; what was not applied is taken
 * up at the next start.
 */
export interface ConsumingApp extends Pick<App, 'health' | 'query' | 'read'> {
  readonly projections: ConsumingProjections
  readonly surroundings: Surroundings
  readonly counters: Pick<Counters, 'applied'>

  /**
   * Ends in order: `/readyz` says no, projections finish their batches, connections close, and an embedded server stops
   * with its last user. What has not ended after `shutdownTimeout` is cut off.
   *
   * @throws {@link StopTimedOut} when it was cut off, and whatever else kept it from ending in order, such as a server that went away meanwhile; what was applied stays applied
   *
   * @example
   * await service.stop()
   */
  stop(options?: StopOptions): Promise<void>

  /** The same as {@link stop}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>
}
