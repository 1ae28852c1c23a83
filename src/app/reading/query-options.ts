import type { SelectQueryBuilder, Simplify } from 'kysely'
import type { GroupReceipt, Receipt } from '../../aggregates/execute-options.js'
import type { AsOf } from '../../projections/index.js'
import type { Duration } from '../duration.js'

/** Makes a query of the rows of a table: any select of Kysely's. */
export type QueryOn<Tables, T extends keyof Tables, O> = (
  rows: SelectQueryBuilder<Tables, T, object>,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- joins may have added any table
) => SelectQueryBuilder<any, any, O>

/** What a query waits for. */
export interface QueryOptions {
  /** Waits until the read model holds the events of these commands, as far as the projection reads them. */
  readonly since?: Receipt | GroupReceipt | readonly (Receipt | GroupReceipt)[] | undefined
  /** How long it waits for that. @defaultValue '5s' */
  readonly timeout?: Duration | undefined
}

export const DIRECTIONS = ['asc', 'desc'] as const
/** Which way rows go: from the least to the greatest, or back. */
export type Direction = (typeof DIRECTIONS)[number]

/**
 * Which part of the rows a query gives. They are in the order of a column, and rows of one value in that of the key, both
 * as the database compares them. Rows without a value come last, or first in descending order.
 */
export interface PageOptions<C extends string = string> {
  /** Rows at the most, 1 to 1000. @defaultValue 50 */
  readonly size?: number | undefined
  /** An index that begins with this column serves the order. @defaultValue the key */
  readonly orderBy?: C | undefined
  /** @defaultValue 'asc' */
  readonly direction?: Direction | undefined
  /** The `next` of the page before, given out for the same order. @defaultValue the first page */
  readonly after?: string | undefined
}

/** What a query on a table projection waits for, and which part of its rows it gives. */
export interface TableQueryOptions<C extends string = string> extends QueryOptions {
  /** All rows where it is left out. */
  readonly page?: PageOptions<C> | undefined
}

/** What a query gives. */
export interface Answer<O> {
  readonly rows: Simplify<O>[]
  readonly asOf: AsOf
}

/** What a query on a table projection gives. */
export interface PageAnswer<O> extends Answer<O> {
  /**
   * Asks for the page after this one, in `page.after`; undefined where no row comes after. Safe in a URL. It holds the
   * order column and the key of the page's last row, for everyone to read.
   */
  readonly next: string | undefined
}
