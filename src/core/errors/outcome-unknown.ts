import { RepriseError } from './reprise-error.js'

/**
 * The store went away while a command was being stored, and could not be asked what became of it. The command may have
 * been accepted: execute it again with the same id, which answers the first outcome or decides anew.
 */
export class OutcomeUnknown extends RepriseError {
  readonly commandId: string

  constructor(commandId: string, cause: unknown) {
    super(
      'REPRISE_OUTCOME_UNKNOWN',
      `the store went away while command ${commandId} was stored: execute it again with the same command id`,
      { commandId },
      { cause, retriable: true },
    )
    this.commandId = commandId
  }
}
