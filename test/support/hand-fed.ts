import type { ProjectionStopped, StartOptions } from 'reprise'
import { compose } from '../../src/app/composition.js'
import { TOKENS } from '../../src/app/tokens.js'
import type { StoredEvent } from '../../src/core/envelope.js'
import type { LogRecord } from '../../src/log/index.js'
import type { Generation } from '../../src/projections/generation.js'
import type { ProjectionParts } from '../../src/projections/projection-feed.js'
import { Subscription, type SubscriptionOptions } from '../../src/subscriptions/index.js'
import type { ReadTransaction } from '../../src/subscriptions/postgres/index.js'
import { bank, DepositMoney, OpenAccount } from './bank.js'
import { ask, ReadSide, shownBalances } from './read-side.js'
import { RecordingLogger } from './recording-logger.js'

/** What a test looks at in a letter. */
export interface LetterFacts {
  readonly generation: number
  readonly key: string | null
  readonly offset: number
  readonly stream: string | null
  readonly version: number | null
  readonly type: string | null
  readonly class: 'contract' | 'handler' | 'waiting'
  readonly name: string | null
  readonly message: string | null
  readonly fingerprint: string | null
  readonly attempts: number
}

export function lettersIn(url: string, projection: string): Promise<readonly LetterFacts[]> {
  return ask(
    url,
    `SELECT generation, sequence_key AS key, record_offset::int AS offset, stream, version::float8, type, error_class AS class,
            error_name AS name, error_message AS message, fingerprint, attempts
     FROM reprise_read.parked_events WHERE projection = $1 ORDER BY id`,
    [projection],
  )
}

/** The lane that is fed by hand. */
export const lane = { topic: 'bank.account', partition: 0 }

/** The balances, of which one lane is fed by hand with the events of accounts that are in the store. */
export class HandFed implements AsyncDisposable {
  readonly #side: ReadSide
  readonly #url: string
  readonly parts: ProjectionParts<ReadTransaction>
  readonly generation: Generation
  readonly stopped: ProjectionStopped[] = []
  readonly logger = new RecordingLogger()
  end = 1_000n
  earliest = 0n

  private constructor(
    url: string,
    side: ReadSide,
    parts: ProjectionParts<ReadTransaction>,
    generation: Generation,
  ) {
    this.#url = url
    this.#side = side
    this.parts = parts
    this.generation = generation
  }

  static async open(url: string, app = bank, options: StartOptions = {}): Promise<HandFed> {
    const side = await ReadSide.open(url, app, options)
    const parts = side.parts('balances')
    return new HandFed(url, side, parts, await parts.generations.ensureLive())
  }

  /** A member of the group, one of any number. */
  member(changes: Partial<SubscriptionOptions<ReadTransaction>> = {}): Subscription<ReadTransaction> {
    return new Subscription({
      ...this.parts,
      subscriber: this.parts.subscriberFor(this.generation),
      boundsOf: () => Promise.resolve({ earliest: this.earliest, end: this.end }),
      logger: this.logger,
      onStopped: (error) => this.stopped.push(error),
      onRetired: () => undefined,
      onApplied: () => undefined,
      ...changes,
    })
  }

  /** Stores a new account with so many deposits of 1, 10, 100 … and gives its events. */
  async account(accountId: string, deposits: number): Promise<readonly StoredEvent[]> {
    const bus = compose(this.#side.installation).get(TOKENS.commandBus)
    await bus.execute(new OpenAccount({ accountId, owner: 'Ada' }))
    for (let index = 0; index < deposits; index++)
      await bus.execute(new DepositMoney({ accountId, amount: 10n ** BigInt(index) }))
    return this.parts.history.versions({ type: 'account', id: accountId }, 1, deposits + 1)
  }

  records(events: readonly StoredEvent[], from = 0n): readonly LogRecord[] {
    return events.map((event, index) => ({
      ...lane,
      offset: from + BigInt(index),
      key: event.stream.id,
      ...this.parts.encoding.encode(event),
      timestamp: event.recordedAt,
    }))
  }

  async state() {
    const [checkpoint] = await ask(
      this.#url,
      `SELECT next_offset::int AS next, epoch::int, last_event_id FROM reprise_read.checkpoints
       WHERE projection = $1 AND generation = 1 AND partition = 0`,
      [this.parts.model.name],
    )
    const guards = await ask<{ stream: string; version: number }>(
      this.#url,
      `SELECT stream, version::int FROM reprise_read.guards WHERE projection = $1 ORDER BY stream`,
      [this.parts.model.name],
    )
    return {
      next: checkpoint?.['next'] as number,
      guards: Object.fromEntries(guards.map(({ stream, version }) => [stream, version])),
      balances: await shownBalances(this.#url),
    }
  }

  get databases() {
    return this.#side.installation.databases
  }

  /** Letters in their order, as the database has them. */
  letters(): Promise<readonly LetterFacts[]> {
    return lettersIn(this.#url, this.parts.model.name)
  }

  /** How often records are noted to have been tried alone. */
  async attempts(): Promise<readonly { offset: number; attempts: number }[]> {
    return ask(
      this.#url,
      'SELECT record_offset::int AS offset, attempts FROM reprise_read.attempts ORDER BY 1',
    )
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#side[Symbol.asyncDispose]()
  }
}
