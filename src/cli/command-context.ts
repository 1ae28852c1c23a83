import type { GlobalOptions } from './global-options.js'
import type { Terminal } from './terminal.js'

/** What every command is given. */
export interface CommandContext {
  readonly options: GlobalOptions
  readonly terminal: Terminal
  /** Aborted by the first Ctrl-C or SIGTERM; its reason is a {@link CliError}. */
  readonly signal: AbortSignal
}
