import { inspect } from 'node:util'
import { CommanderError } from 'commander'
import { RepriseError } from '../core/errors/index.js'
import { CliError } from './cli-error.js'
import { EXIT_CODES, type ExitCode, exitCodeOf } from './exit-codes.js'
import type { Terminal } from './terminal.js'

/** Says what went wrong in one message, where it comes from only with `--verbose`, and answers the exit code. */
export function reportFailure(error: unknown, terminal: Terminal): ExitCode {
  if (error instanceof CommanderError) return reportUsage(error, terminal)
  const exitCode = exitCodeOf(error)
  const { code, message, facts } = describe(error)
  const origin = terminal.options.verbose ? { stack: inspect(error) } : {}
  const text = [`${terminal.styled('red', 'error:')} ${message}`, ...Object.values(origin)].join('\n')
  terminal.complain({ error: { code, message, facts, exitCode, ...origin } }, text)
  return exitCode
}

/** Help and version end the parser with an error too. */
function reportUsage({ exitCode, code, message }: CommanderError, terminal: Terminal): ExitCode {
  if (exitCode === 0) return EXIT_CODES.done
  const helpWasShown = code === 'commander.help'
  if (helpWasShown && !terminal.options.json) return EXIT_CODES.usage
  const told = helpWasShown
    ? 'a command is missing: see reprise --help'
    : message.replace(/^error: /, '').replaceAll('\n', ' ')
  return reportFailure(new CliError('USAGE', told), terminal)
}

interface FailureDescription {
  readonly code: string
  readonly message: string
  readonly facts: Readonly<Record<string, unknown>>
}

function describe(error: unknown): FailureDescription {
  if (RepriseError.is(error)) return { code: error.code, message: error.message, facts: error.facts }
  if (error instanceof CliError) return { code: error.code, message: error.message, facts: {} }
  const message = error instanceof Error ? error.message : String(error)
  const cause = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : ''
  return { code: 'UNEXPECTED', message: `${message}${cause}; --verbose shows where it comes from`, facts: {} }
}
