import type { Logger } from 'reprise'

/** The facts that a person is shown, or that decide what is shown. */
interface Facts {
  readonly error?: string
  /** Named in lines of a client library. Whatever it does not get over by itself ends in an error of ours. */
  readonly client?: string
}

/** Milliseconds in which a person is told the same only once. */
const QUIET = 10_000

/**
 * Shows a person what the framework has to say: one line each, without the facts that a machine would want. With
 * `--verbose` the framework's own logger takes its place.
 */
export function terminalLogger(say: (line: string) => void): Logger {
  const saidAt = new Map<string, number>()
  const warn = ({ error, client }: Facts, message: string): void => {
    const now = performance.now()
    if (client !== undefined || now - (saidAt.get(message) ?? -Infinity) < QUIET) return
    saidAt.set(message, now)
    say(error === undefined ? `warning: ${message}` : `warning: ${message} (${error})`)
  }
  return { debug: () => undefined, info: (_, message) => say(message), warn, error: warn }
}
