import { type Command, InvalidArgumentError, Option } from 'commander'
import { milliseconds } from '../app/duration.js'

/** The flags that every command takes. */
export interface GlobalOptions {
  /** Path of the module whose default export is the app. */
  readonly app: string | undefined
  readonly json: boolean
  readonly plain: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly color: boolean
  /** Whether a question may be asked. */
  readonly input: boolean
  readonly yes: boolean
  /** Milliseconds: for what the app runs on to answer, and for what a command waits for after that. */
  readonly timeout: number | undefined
}

/** Declares them on the program; they may stand before or after the command. */
export function addGlobalOptions(program: Command): Command {
  return program
    .addOption(
      new Option('--app <module>', 'module whose default export is the app (default: reprise.config.js)').env(
        'REPRISE_APP',
      ),
    )
    .option('--json', 'one JSON document on stdout; on stderr one per line')
    .option('--plain', 'tables as tab-separated lines without headings')
    .option('-q, --quiet', 'say nothing but results and errors')
    .option('-v, --verbose', 'show logs, and where an error comes from')
    .option('--no-color', 'no colours (also: NO_COLOR)')
    .option('--no-input', 'never ask')
    .option('-y, --yes', 'answer yes where it would ask')
    .addOption(
      durationOption('--timeout <duration>', 'longest wait, such as 500ms, 30s or 5m').env('REPRISE_TIMEOUT'),
    )
}

export function globalOptionsOf(program: Command): GlobalOptions {
  const given = program.opts<Partial<GlobalOptions>>()
  return {
    app: given.app === '' ? undefined : given.app,
    json: given.json ?? false,
    plain: given.plain ?? false,
    quiet: given.quiet ?? false,
    verbose: given.verbose ?? false,
    color: given.color ?? true,
    input: given.input ?? true,
    yes: given.yes ?? false,
    timeout: given.timeout,
  }
}

/** An option whose value is a whole number. */
export function countOption(flags: string, description: string, least = 0): Option {
  return new Option(flags, description).argParser((text: string): number => {
    if (/^\d{1,6}$/.test(text) && Number(text) >= least) return Number(text)
    throw new InvalidArgumentError(`It must be a whole number from ${least} on.`)
  })
}

/** An option whose value is a span of time, in milliseconds for the command. */
export function durationOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text: string): number => {
    try {
      return milliseconds(text as `${number}s`, flags)
    } catch {
      throw new InvalidArgumentError('It must be like 500ms, 30s or 5m.')
    }
  })
}
