export const cliErrorCodes = ['USAGE', 'DECLINED', 'DIFFERENT', 'INTERRUPTED', 'TERMINATED'] as const
export type CliErrorCode = (typeof cliErrorCodes)[number]

/** What only the command line can meet: it was called wrongly, told no, found differences, or was stopped. */
export class CliError extends Error {
  readonly code: CliErrorCode

  constructor(code: CliErrorCode, message: string) {
    super(message)
    this.name = 'CliError'
    this.code = code
  }
}
