import type { Pool } from 'pg'
import type { Databases } from '../../postgres/databases.js'
import { healthPool } from './health-pool.js'
import { PostgresReadLook } from './read-look.js'
import { PostgresStoreLook } from './store-look.js'

/** Milliseconds that a question may take: longer than a server may be silent before it counts as away. */
const DEADLINE = 4_000

/** What looks at the databases of an app, over connections of its own. */
export interface Looks {
  readonly store: PostgresStoreLook | undefined
  readonly read: PostgresReadLook
  close(): Promise<void>
}

export function looksAt({ store, read, schemas }: Databases, hasStore: boolean): Looks {
  const readPool = healthPool(read, DEADLINE)
  const storePool = isSame(store, read) ? readPool : healthPool(store, DEADLINE)
  return {
    store: hasStore ? new PostgresStoreLook(storePool, schemas.store) : undefined,
    read: new PostgresReadLook(readPool, schemas.read),
    close: async () => {
      await Promise.all([...new Set([storePool, readPool])].map((pool) => pool.end()))
    },
  }
}

const isSame = (one: Pool, other: Pool): boolean =>
  one.options.connectionString === other.options.connectionString
