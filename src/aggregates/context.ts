/**
 * The facts that a handler may use beside its command. They are fixed for a command and unchanged when it
 * is decided again, so that handlers need neither clock nor chance.
 */
export interface Context<Prepared = unknown> {
  readonly now: Date
  /** A new id. The same calls give the same ids when the command is decided again. */
  newId(): string
  /** Who asked for it. */
  readonly actor: string | undefined
  /** What the command's `@Prepares` step answered, the same object each time it is decided, so do not change it; undefined without such a step. */
  readonly prepared: Prepared
}
