import type { CommandInstance } from 'reprise'

/** What somebody wants of the library, and what comes of it. */
export interface Step {
  /** What is told of it. Unique, since it is the command id as well: a second run does nothing again. */
  readonly tells: string
  readonly day: string
  readonly commands: readonly CommandInstance[]
  /** With what words the library refuses it, if it does. */
  readonly refusal?: string
}
