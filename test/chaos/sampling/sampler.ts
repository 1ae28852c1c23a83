import { appendFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import type { BankFacts, ProcessSample, SampleFact } from '../facts.js'
import { type AskedDatabase, rowsOf } from '../servers/databases.js'
import type { Installed } from '../installed.js'
import { type ReadSample, sampleReadSide } from './read-sample.js'
import { sampleInFlight, sampleStore, type StoreSample } from './store-sample.js'

export interface SamplerOptions {
  readonly file: string
  readonly bank: BankFacts
  readonly installed: Installed
  readonly processes: () => readonly ProcessSample[]
}

const INTERVAL = 1_000
/** All events are added up this seldom, where no inline read model does. */
const TOTAL_EVERY = 5

/** The projections of the bank that follow streams, and which. */
const FOLLOWED: Readonly<Record<string, string>> = {
  balances: 'account-',
  statements: 'account-',
  totals: 'account-',
  lists: 'list-',
  mail: 'list-',
}

/** Looks at the databases and processes of a run once a second. */
export class Sampler {
  readonly #options: SamplerOptions
  #ended = false
  #running: Promise<void> | undefined
  #samples = 0
  last: SampleFact | undefined

  constructor(options: SamplerOptions) {
    this.#options = options
    appendFileSync(options.file, '')
  }

  start(): void {
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#ended = true
    await this.#running
  }

  /** Whether everything that is stored is published and applied. */
  isLevel(since: number): boolean {
    const { last } = this
    if (last === undefined || last.at < since || last.lag === null) return false
    return last.outbox === 0 && Object.values(last.lag).every((it) => it === 0)
  }

  /** What was not published or applied when it was last looked at. */
  get behind(): string {
    const { last } = this
    if (last?.lag == null) return 'the databases do not answer'
    const all = Object.entries({ outbox: last.outbox ?? 0, ...last.lag })
    return all.flatMap(([name, count]) => (count === 0 ? [] : [`${name} ${count}`])).join(', ')
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      const began = Date.now()
      const sample = await this.#sample()
      this.last = sample
      appendFileSync(this.#options.file, `${JSON.stringify(sample)}\n`)
      await delay(Math.max(50, began + INTERVAL - Date.now()))
    }
  }

  async #sample(): Promise<SampleFact> {
    const at = Date.now()
    const processes = this.#options.processes()
    const found = await this.#ask().catch(() => undefined)
    return { at, ...(found ?? NOTHING), processes }
  }

  #ask(): Promise<Omit<SampleFact, 'at' | 'processes'>> {
    const { store, read } = this.#options.installed
    // One snapshot of both sides where that is possible: sums over them then belong to one moment.
    return store.inSnapshot(async (client) => {
      await client.query(
        'SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off',
      )
      const written = await this.#askStore(client)
      if (read === store)
        return this.#told(written, await this.#askRead(client), await this.#flight(client), client)
      const reading = await read.inSnapshot((own) => this.#askRead(own))
      return this.#told(written, reading, undefined, client)
    })
  }

  #askStore(client: Parameters<Parameters<AskedDatabase['inSnapshot']>[0]>[0]): Promise<StoreSample> {
    const { installed, bank } = this.#options
    const { store, read, schemas } = installed
    const scarce = this.#samples++ % TOTAL_EVERY === 0 ? 'events' : 'none'
    const total = read === store ? 'funds' : scarce
    return sampleStore(client, { store: schemas.store, accounts: bank.accounts.length, total })
  }

  #askRead(client: Parameters<Parameters<AskedDatabase['inSnapshot']>[0]>[0]): Promise<ReadSample> {
    return sampleReadSide(client, this.#options.installed.schemas.read)
  }

  #flight(client: Parameters<typeof sampleInFlight>[0]): ReturnType<typeof sampleInFlight> {
    const { schemas } = this.#options.installed
    return sampleInFlight(client, schemas.store, schemas.read)
  }

  async #told(
    { heads, ...written }: StoreSample,
    { guards, ...reading }: ReadSample,
    flight: Awaited<ReturnType<typeof sampleInFlight>> | undefined,
    client: Parameters<typeof sampleInFlight>[0],
  ): Promise<Omit<SampleFact, 'at' | 'processes'>> {
    const behind = Object.entries(FOLLOWED).map(
      ([projection, streams]) => [projection, behindOf(heads, guards.get(projection), streams)] as const,
    )
    const next = reading.checkpoints.find(({ projection }) => projection === 'ledger')?.nextOffset ?? '0'
    const [ledger] = await rowsOf<{ count: number }>(
      client,
      `SELECT count(*)::int4 AS count FROM ${this.#options.installed.schemas.store}.events
       WHERE stream_type = 'account' AND position >= $1`,
      [next],
    )
    const lag = { ...Object.fromEntries(behind), ledger: ledger?.count ?? 0 }
    const { readTotal, ...others } = reading
    return {
      ...written,
      ...others,
      readTotal: flight === undefined ? null : readTotal,
      inFlight: flight?.inFlight ?? null,
      parkedAmount: flight?.parkedAmount ?? null,
      lag,
    }
  }
}

const NOTHING: Omit<SampleFact, 'at' | 'processes'> = {
  total: null,
  readTotal: null,
  inFlight: null,
  parkedAmount: null,
  lowest: null,
  stored: null,
  outbox: null,
  outboxParked: null,
  oldestOutbox: null,
  lag: null,
  letters: null,
  checkpoints: null,
  slotEpochs: null,
  connections: null,
}

/** The read side is looked at after the store: it may be ahead of what was seen there. */
function behindOf(
  heads: ReadonlyMap<string, number>,
  guards: ReadonlyMap<string, number> | undefined,
  streams: string,
): number {
  let behind = 0
  for (const [stream, head] of heads)
    if (stream.startsWith(streams)) behind += Math.max(0, head - (guards?.get(stream) ?? 0))
  return behind
}
