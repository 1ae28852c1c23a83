/** A server that tests run against. */
export interface RunningPart {
  /** What a client is given: a database URL, or a broker list. */
  readonly address: string
  /** For the line that says what was used. */
  readonly description: string
  stop(): Promise<void>
}

/** A server that starts with its first use: a run of unit tests waits for none. */
export class Part {
  readonly #start: () => Promise<RunningPart>
  #running: Promise<RunningPart> | undefined

  constructor(start: () => Promise<RunningPart>) {
    this.#start = start
  }

  use(): Promise<RunningPart> {
    this.#running ??= this.#start()
    return this.#running
  }

  /** Stops what runs and tells what it was; undefined when it was never used. */
  async stop(): Promise<string | undefined> {
    const running = await this.#running?.catch(() => undefined)
    await running?.stop()
    return running?.description
  }
}

/** A server that somebody else runs. */
export function givenPart(name: string, variable: string): RunningPart | undefined {
  const address = process.env[variable]
  if (address === undefined || address === '') return undefined
  return { address, description: `${name} of ${variable}`, stop: () => Promise.resolve() }
}
