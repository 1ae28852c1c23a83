import type { Pool } from 'pg'
import type { GroupReceipt } from '../../../aggregates/execute-options.js'
import type { App } from '../../../app/app.js'
import type { AppDefinition } from '../../../app/definition.js'
import { type Duration, milliseconds } from '../../../app/duration.js'
import { schemaPrefixFor } from '../../../app/settings.js'
import { TimedOut } from '../../../core/errors/index.js'
import { streamName, type StreamRef } from '../../../core/stream.js'
import { createPool } from '../../../postgres/pool.js'
import { quoted, schemasOf } from '../../../postgres/schemas.js'
import type { ProjectionClass } from '../../../projections/index.js'
import { silentLogger } from '../silent-logger.js'
import type { StartOnDatabase } from '../test-surroundings.js'

interface Head extends StreamRef {
  readonly version: bigint
}

/** How far a projection was with the stream that was waited for: `projection`, `stream`, `version`, `applied`. */
type Behind = TimedOut['facts']

/** All projections of an app, to be waited for together. */
export class EveryProjection {
  readonly #app: App
  readonly #projections: readonly ProjectionClass[]
  readonly #pool: Pool
  readonly #heads: string

  constructor(app: App, definition: AppDefinition, start: StartOnDatabase) {
    this.#app = app
    this.#projections = definition.projections
    this.#pool = createPool({
      url: start.databaseUrl,
      applicationName: 'reprise testing',
      size: 1,
      idleInTransaction: 10_000,
      logger: silentLogger,
    })
    this.#heads = headsStatement(schemasOf(schemaPrefixFor(definition, start)).store)
  }

  /**
   * Resolves when each has applied every stream up to the version that it has now.
   *
   * @throws {@link TimedOut} naming every projection that is behind, {@link ProjectionStopped} at once when one has stopped
   */
  async caughtUp(timeout: Duration): Promise<void> {
    const { rows } = await this.#pool.query<Head>(this.#heads)
    const streams = rows.map(({ version, ...stream }) => ({
      stream: streamName(stream),
      version: Number(version),
    }))
    const waited = await Promise.all(this.#projections.map((it) => this.#behind(it, streams, timeout)))
    const behind = waited.filter((it) => it !== undefined)
    if (behind.length === 0) return
    const what = behind.map(
      ({ projection, stream, version, applied }) =>
        `projection ${String(projection)} to apply version ${String(version)} of ${String(stream)}, of which it has ${String(applied)}`,
    )
    throw new TimedOut(what.join('; '), milliseconds(timeout, 'timeout'), { behind })
  }

  async close(): Promise<void> {
    await this.#pool.end()
  }

  /** What the projection had not applied when the time was up. */
  async #behind(
    projection: ProjectionClass,
    streams: GroupReceipt['streams'],
    timeout: Duration,
  ): Promise<Behind | undefined> {
    try {
      await this.#app.projections.caughtUp(projection, { streams, commandId: '' }, { timeout })
      return undefined
    } catch (error) {
      if (error instanceof TimedOut) return error.facts
      throw error
    }
  }
}

const headsStatement = (store: string): string =>
  `SELECT type, id, version FROM ${quoted(store)}.streams WHERE version > 0 ORDER BY type, id`
