import { setTimeout as delay } from 'node:timers/promises'
import { type App, CommandRejected, RepriseError } from 'reprise'
import { Chance } from '../chance.js'
import type { HistoryEntry, StreamReceipt } from '../facts.js'
import { type Call, callOf, nextCall, openingCalls } from './bank-calls.js'
import type { HistoryFile } from './history-file.js'
import { executeInOwnTransaction, wantsOwnTransaction } from './own-transaction.js'

/** Calls that a client has under way at once. */
const CALLS = 3
/** Milliseconds after which a client takes a call for lost and tries again. */
const PATIENCE = 8_000
const LEAST_PAUSE = 40
const MOST_PAUSE = 200
/** Unanswered calls of its earlier lives that a client takes up. */
const TAKEN_UP = 6

export interface ClientOptions {
  readonly app: App
  /** Of the store. */
  readonly databaseUrl: string
  readonly history: HistoryFile
  readonly name: string
  readonly life: number
  readonly seed: number
}

/** A client of the bank that keeps a record of everything. What it does not know the outcome of, it tries again. */
export class Client {
  marks: readonly string[] = []
  readonly #options: ClientOptions
  #finishing = false
  #calls = 0
  #items = 0

  constructor(options: ClientOptions) {
    this.#options = options
  }

  /** Until {@link finish}; then all that is under way is brought to an end. */
  async work(): Promise<void> {
    const { history, name, life, seed } = this.#options
    const open = openingCalls().filter((_, index) => index % 3 === Number(name.slice(-1)) % 3)
    for (const call of life === 1 ? open : []) await this.#untilAnswered(call)
    const left = history.unanswered(TAKEN_UP).flatMap((entry) => callOf(entry) ?? [])
    await Promise.all([
      ...left.map((call) => this.#untilAnswered({ ...call, attempt: call.attempt + 1 })),
      ...Array.from({ length: CALLS }, (_, index) => this.#loop(Chance.of(seed, `${name} ${life} ${index}`))),
    ])
  }

  finish(): void {
    this.#finishing = true
  }

  async #loop(chance: Chance): Promise<void> {
    const { name, life } = this.#options
    while (!this.#finishing) {
      const call = nextCall(chance, this.marks, () => `${name}.${life}.${++this.#items}`)
      await this.#untilAnswered(call)
      await delay(chance.between(LEAST_PAUSE, MOST_PAUSE))
    }
  }

  async #untilAnswered(first: Call): Promise<void> {
    for (let call = first; ; call = { ...call, attempt: call.attempt + 1 }) {
      if (await this.#attempt(call)) return
      await delay(Math.min(100 * 2 ** call.attempt, 2_000))
    }
  }

  /** Whether it was answered for good. */
  async #attempt(call: Call): Promise<boolean> {
    const { operation, commandId, attempt, facts } = call
    const number = ++this.#calls
    const write = (phase: HistoryEntry['phase'], more: Partial<HistoryEntry> = {}): void =>
      this.#options.history.write({
        call: number,
        phase,
        operation,
        commandId,
        attempt,
        commands: facts,
        ...more,
      })
    write('invoke')
    try {
      const streams = await withinPatience(this.#execute(call))
      write('ok', { streams })
      return true
    } catch (error) {
      const rejected = error instanceof CommandRejected
      write(rejected ? 'fail' : 'unknown', { error: shownError(error) })
      return rejected
    }
  }

  async #execute({ operation, commandId, attempt, commands }: Call): Promise<readonly StreamReceipt[]> {
    const { app, databaseUrl } = this.#options
    const [first, ...others] = commands
    if (first !== undefined && others.length === 0) {
      // At the first try only: where it fails, the bus does it.
      const own = operation === 'append' && attempt === 1 && wantsOwnTransaction(commandId)
      const { stream, version } = own
        ? await executeInOwnTransaction(app, databaseUrl, first, commandId)
        : await app.execute(first, { commandId })
      return [{ stream, version }]
    }
    return (await app.executeAll(commands, { commandId })).streams
  }
}

async function withinPatience<T>(answer: Promise<T>): Promise<T> {
  const lost = new AbortController()
  const patience = delay(PATIENCE, undefined, { signal: lost.signal }).then(() => {
    throw new Error(`no answer within ${PATIENCE} ms`)
  })
  // Whichever of both comes too late is of no interest.
  patience.catch(() => undefined)
  answer.catch(() => undefined)
  try {
    return await Promise.race([answer, patience])
  } finally {
    lost.abort()
  }
}

function shownError(error: unknown): NonNullable<HistoryEntry['error']> {
  if (!(error instanceof Error)) return { name: 'unknown', message: String(error) }
  const code = error instanceof RepriseError ? { code: error.code } : {}
  return { name: error.name, message: error.message.slice(0, 300), ...code }
}
