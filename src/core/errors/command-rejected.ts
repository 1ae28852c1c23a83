import { RepriseError, type RepriseErrorOptions } from './reprise-error.js'

/**
 * The domain refuses a command. Thrown by handlers, with the facts that explain the refusal; nothing is
 * stored, and a rejection is not remembered: the same command may be accepted later. Subclass it to give
 * a refusal a type of its own.
 *
 * @example
 * throw new CommandRejected('the balance does not cover the withdrawal', { balance, amount })
 */
export class CommandRejected extends RepriseError {
  constructor(
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    options: RepriseErrorOptions = {},
  ) {
    super('REPRISE_COMMAND_REJECTED', message, facts, options)
  }
}
