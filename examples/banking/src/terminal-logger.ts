import type { Logger } from 'reprise'

/** The facts that a person is shown, or that decide what is shown. */
interface Facts {
  readonly error?: string
  /** Named in lines of a client library. Whatever it does not get over by itself ends in an error of ours. */
  readonly client?: string
}

/**
 * Shows a person what the framework has to say: one line each, no line twice in a row, without the facts that a machine
 * would want. With `--verbose` the framework's own logger takes its place.
 */
export function terminalLogger(say: (line: string) => void): Logger {
  let last: string | undefined
  const warn = ({ error, client }: Facts, message: string): void => {
    const line = error === undefined ? `warning: ${message}` : `warning: ${message} (${error})`
    if (client === undefined && line !== last) say(line)
    last = line
  }
  return { debug: () => undefined, info: (_, message) => say(message), warn, error: warn }
}
