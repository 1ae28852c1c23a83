import { RepriseError } from './reprise-error.js'

/**
 * A command id that is already stored came back with another command, and nothing was stored for it. Give each command an
 * id of its own: only a retry of the same command takes the id of the first try.
 */
export class CommandIdReused extends RepriseError {
  readonly commandId: string

  constructor(commandId: string) {
    super(
      'REPRISE_COMMAND_ID_REUSED',
      `command id ${commandId} was used before for a command with another type or payload: give each command an id of its own`,
      { commandId },
    )
    this.commandId = commandId
  }
}
