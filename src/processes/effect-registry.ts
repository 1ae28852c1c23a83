/** What is recorded of a class of effects. */
export interface RegisteredEffects {
  /** It acts on events that were recorded then or later. Undefined: on all of them. */
  readonly actsFrom: Date | undefined
  readonly state: 'running' | 'stopped'
  /** What stopped it. */
  readonly failure: string | undefined
}

/** The record of one class of effects, beside those of projections, whose names it shares. */
export interface EffectRegistry {
  /**
   * Records the class at its first start, with when that was, and events that it acts on from now on; adds lanes for topics
   * that it begins to read. Whoever would pass by events that are acted on from now on loses its lanes.
   *
   * @throws {@link DefinitionError} when the name is a projection's, {@link BuildRefused} when this build has no handler for
   * events that are acted on
   */
  ensure(): Promise<RegisteredEffects>

  /** Whether this build has a handler for all events that are acted on. One that has not must not move a lane. */
  fits(): Promise<boolean>

  /** @throws as {@link ensure} */
  requireFit(): Promise<void>

  /** Undefined before the first start. */
  status(): Promise<RegisteredEffects | undefined>

  /** Records the log whose offsets the checkpoints are, unless one was before. Answers the recorded one. */
  claimLog(generation: number, identity: string): Promise<string>

  /** Notes that it stopped, or runs again. */
  setState(state: RegisteredEffects['state'], failure?: string): Promise<void>
}
