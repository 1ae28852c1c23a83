import pg from 'pg'
import type { AppDefinition, StartOptions } from 'reprise'
import { afterEach } from 'vitest'
import { modelOf } from '../../src/app/app-model.js'
import { type Installation, openInstallation } from '../../src/app/installation.js'
import { projectionParts } from '../../src/app/projection-parts.js'
import { settingsFor } from '../../src/app/settings.js'
import type { ProjectionParts } from '../../src/projections/projection-feed.js'
import { rebuild, type RebuildOptions, type RebuildResult } from '../../src/projections/rebuild.js'
import type { ReadTransaction } from '../../src/subscriptions/postgres/index.js'
import { bank } from './bank.js'
import { type DatabaseOptions, freshDatabase, type TestDatabase } from './database.js'
import { silentLogger } from './silent-logger.js'

/** The shortest lease, so that a take-over is quick; and nothing on the terminal. */
export function quietly(databaseUrl: string, more: StartOptions = {}): StartOptions {
  return { databaseUrl, log: 'postgres', lease: 1_000, logger: silentLogger, ...more }
}

/**
 * Gives every test of a file databases of its own, by default with our schemas, dropped after it; connections that it leaves
 * open fail it.
 */
export function useFreshDatabases(): (options?: DatabaseOptions) => Promise<string> {
  const databases: TestDatabase[] = []
  afterEach(async () => {
    for (const database of databases.splice(0)) await database.drop()
  })
  return async (options = {}) => {
    const database = await freshDatabase({ migrated: true, ...options })
    databases.push(database)
    return database.url
  }
}

/** The read side of an app as a process has it that does not run the app: the one of a rebuild, say. */
export class ReadSide implements AsyncDisposable {
  readonly installation: Installation

  private constructor(installation: Installation) {
    this.installation = installation
  }

  static async open(url: string, app: AppDefinition = bank, options: StartOptions = {}): Promise<ReadSide> {
    return new ReadSide(await openInstallation(modelOf(app), settingsFor(app, quietly(url, options))))
  }

  parts(projection: string): ProjectionParts<ReadTransaction> {
    const model = this.installation.model.projections.find(({ name }) => name === projection)
    if (model === undefined) throw new Error(`there is no projection ${projection}`)
    return projectionParts(this.installation, model)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.installation.close()
  }
}

/** Rebuilds as a process of its own would. */
export async function rebuildOf(
  url: string,
  projection: string,
  options: RebuildOptions & { readonly app?: AppDefinition; readonly start?: StartOptions } = {},
): Promise<RebuildResult> {
  await using side = await ReadSide.open(url, options.app, options.start)
  return await rebuild(side.parts(projection), options)
}

/** A session of a reader, outside the app. Numbers of 64 bits come as strings. */
export class Reader implements AsyncDisposable {
  readonly client: pg.Client

  private constructor(client: pg.Client) {
    this.client = client
  }

  static async open(url: string, name = 'a reader'): Promise<Reader> {
    const client = new pg.Client({ connectionString: url, application_name: name })
    // The session may be ended under its feet, on purpose.
    client.on('error', () => undefined)
    await client.connect()
    return new Reader(client)
  }

  async rows<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<T[]> {
    return (await this.client.query<T>(sql, [...values])).rows
  }

  async one<T extends pg.QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<T> {
    const [row] = await this.rows<T>(sql, values)
    if (row === undefined) throw new Error(`no row: ${sql}`)
    return row
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.client.end()
  }
}

/** Runs one statement on a session of its own. */
export async function ask<T extends pg.QueryResultRow>(
  url: string,
  sql: string,
  values: readonly unknown[] = [],
): Promise<T[]> {
  await using reader = await Reader.open(url)
  return await reader.rows<T>(sql, values)
}

/** Balances by account, folded from the events by the database, without the framework. */
export async function foldedBalances(url: string): Promise<Record<string, string>> {
  const rows = await ask<{ id: string; balance: string }>(
    url,
    `SELECT stream_id AS id, sum(CASE type WHEN 'MoneyDeposited' THEN (payload->>'amount')::bigint
                                          WHEN 'MoneyWithdrawn' THEN -(payload->>'amount')::bigint ELSE 0 END)::text AS balance
     FROM reprise_store.events WHERE stream_type = 'account' GROUP BY stream_id ORDER BY stream_id`,
  )
  return Object.fromEntries(rows.map(({ id, balance }) => [id, balance]))
}

/** Balances by account, as readers see them. */
export async function shownBalances(
  url: string,
  relation = 'bank.balances',
): Promise<Record<string, string>> {
  const rows = await ask<{ id: string; balance: string }>(
    url,
    `SELECT account_id AS id, balance::text FROM ${relation} ORDER BY account_id`,
  )
  return Object.fromEntries(rows.map(({ id, balance }) => [id, balance]))
}
