import { randomUUID } from 'node:crypto'
import { type AppDefinition, type ProjectionStopped } from 'reprise'
import { modelOf } from '../../src/app/app-model.js'
import { consumingParts } from '../../src/app/consuming/consuming-parts.js'
import { findDatabases, type FoundDatabases } from '../../src/app/find-databases.js'
import { shippedParts } from '../../src/app/replaceable-parts.js'
import { PartStates } from '../../src/app/health/part-states.js'
import { Services } from '../../src/app/services.js'
import { settingsFor } from '../../src/app/settings.js'
import { jsonEncoding } from '../../src/contracts/index.js'
import { eventTypesOf } from '../../src/core/event-reading.js'
import type { Log, LogRecord } from '../../src/log/index.js'
import { migrate } from '../../src/postgres/migrate.js'
import type { Generation } from '../../src/projections/generation.js'
import type { ProjectionParts } from '../../src/projections/projection-feed.js'
import { Subscription, type SubscriptionOptions, type WaitingLane } from '../../src/subscriptions/index.js'
import type { ReadTransaction } from '../../src/subscriptions/postgres/index.js'
import { quietly } from './read-side.js'
import { RecordingLogger } from './recording-logger.js'
import { silentLogger } from './silent-logger.js'

/** No lane is fed by a broker here. */
const noLog = {} as Log

/** A projection of a service that only consumes, whose lanes are fed by hand. */
export class ContractLanes implements AsyncDisposable {
  readonly #found: FoundDatabases
  readonly parts: ProjectionParts<ReadTransaction>
  readonly generation: Generation
  readonly topic: string
  readonly stopped: ProjectionStopped[] = []
  readonly waits: WaitingLane[] = []
  readonly logger = new RecordingLogger()
  earliest = 0n
  /** By partition. */
  readonly ends = new Map<number, bigint>()

  private constructor(
    found: FoundDatabases,
    parts: ProjectionParts<ReadTransaction>,
    generation: Generation,
    topic: string,
  ) {
    this.#found = found
    this.parts = parts
    this.generation = generation
    this.topic = topic
  }

  /** The first projection of the service, on a topic of three partitions. */
  static async open(url: string, app: AppDefinition): Promise<ContractLanes> {
    const model = modelOf(app)
    const settings = settingsFor(app, quietly(url))
    const found = await findDatabases(app.name, settings, silentLogger, true)
    const { databases, dataFolder } = found
    await migrate(databases.read, 'read', databases.schemas)
    const [contract] = model.contracts
    const [projection] = model.projections
    if (contract === undefined || projection === undefined)
      throw new Error('it needs a contract and a projection')
    const parts = consumingParts(
      {
        model,
        settings,
        databases,
        log: noLog,
        eventTypes: eventTypesOf(model.contracts.flatMap(({ events }) => events)),
        services: await Services.fetch([], undefined),
        logger: silentLogger,
        parts: shippedParts,
        topics: new Map([[contract.topic, 3]]),
        dataFolder,
        states: new PartStates(),
        close: () => found.close(),
      },
      projection,
    )
    return new ContractLanes(found, parts, await parts.generations.ensureLive(), contract.topic)
  }

  /** A member of the group, one of any number. */
  member(changes: Partial<SubscriptionOptions<ReadTransaction>> = {}): Subscription<ReadTransaction> {
    return new Subscription({
      ...this.parts,
      subscriber: this.parts.subscriberFor(this.generation),
      boundsOf: ({ partition }) =>
        Promise.resolve({ earliest: this.earliest, end: this.ends.get(partition) ?? 1_000n }),
      logger: this.logger,
      onStopped: (error) => this.stopped.push(error),
      onRetired: () => undefined,
      onApplied: () => undefined,
      onWaiting: (lane) => this.waits.push(lane),
      ...changes,
    })
  }

  lane(partition = 0) {
    return { topic: this.topic, partition }
  }

  /** Where a lane stands. */
  async next(partition = 0): Promise<bigint | undefined> {
    const positions = await this.parts.checkpoints.positions(this.#subscriber)
    return positions.find((it) => it.partition === partition)?.next
  }

  waiting(): Promise<readonly WaitingLane[]> {
    return this.parts.checkpoints.waiting(this.#subscriber)
  }

  get db() {
    return this.#found.databases.readDb
  }

  get #subscriber() {
    return { name: this.parts.model.name, generation: this.generation.generation }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#found.close()
  }
}

/** What is said of a record of a Reprise app. */
export interface NumberedRecord {
  readonly id: string
  readonly version: number
  readonly type?: string
  readonly payload?: object
  readonly storeId?: string
  readonly streamType?: string
}

const STORE = randomUUID()

/** Records as another app of ours would have published them into one partition. */
export function numberedRecords(
  lane: { readonly topic: string; readonly partition: number },
  records: readonly NumberedRecord[],
  from = 0n,
): readonly LogRecord[] {
  return records.map(
    ({ id, version, type = 'MoneyDeposited', payload, storeId = STORE, streamType = 'account' }, index) => {
      const commandId = randomUUID()
      const recordedAt = new Date()
      const encoded = jsonEncoding({ service: 'bank', storeId }).encode({
        position: 1n,
        eventId: randomUUID(),
        stream: { type: streamType, id },
        version,
        type,
        schemaVersion: 1,
        payload: JSON.stringify(payload ?? { amount: (10n ** BigInt(version)).toString() }),
        metadata: { commandId, correlationId: commandId, causationId: commandId },
        occurredAt: recordedAt,
        recordedAt,
      })
      return { ...lane, offset: from + BigInt(index), key: id, ...encoded, timestamp: recordedAt }
    },
  )
}

/** What is said of a record of a foreign producer. */
export interface ForeignRecord {
  readonly id: string
  readonly key?: string
  readonly subject?: string
  readonly type?: string
  readonly data?: object
  readonly at?: Date
  readonly offset?: bigint
}

/** CloudEvents as a foreign producer would have published them into one partition. */
export function foreignRecords(
  lane: { readonly topic: string; readonly partition: number },
  records: readonly ForeignRecord[],
  from = 0n,
): readonly LogRecord[] {
  return records.map(
    ({ id, key = 'a', subject, type = 'OrderPlaced', data, at = new Date(), offset }, index) => ({
      ...lane,
      offset: offset ?? from + BigInt(index),
      key,
      headers: {
        ce_specversion: '1.0',
        ce_id: id,
        ce_source: '/shop/orders',
        ce_type: type,
        'content-type': 'application/json; charset=utf-8',
        ...(subject === undefined ? {} : { ce_subject: subject }),
      },
      value: new TextEncoder().encode(JSON.stringify(data ?? { pieces: 1 })),
      timestamp: at,
    }),
  )
}
