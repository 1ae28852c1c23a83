import type { Logger } from '../core/ports/logger.js'
import type { Terminal } from './terminal.js'

/**
 * The library's log on the terminal: errors, warnings while `warns` says so, and everything with `--verbose`.
 */
export function commandLogger(terminal: Terminal, warns: () => boolean): Logger {
  const write = (level: string, facts: object, message: string): void => {
    const list = Object.entries(facts).map(([name, value]) => `${name}=${String(value)}`)
    terminal.tell({ log: { level, message, ...facts } }, [`${level}: ${message}`, ...list].join(' '))
  }
  const { verbose } = terminal.options
  const writeVerbose = verbose ? write : () => undefined
  return {
    debug: (facts, message) => writeVerbose('debug', facts, message),
    info: (facts, message) => writeVerbose('info', facts, message),
    warn: (facts, message) => {
      if (verbose || warns()) write('warning', facts, message)
    },
    error: (facts, message) => write('error', facts, message),
  }
}
