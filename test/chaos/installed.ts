import type { AskedDatabase } from './servers/databases.js'

/** Where the harness finds what the processes write. */
export interface Installed {
  readonly store: AskedDatabase
  /** The same object where both sides are in one database. */
  readonly read: AskedDatabase
  readonly schemas: { readonly store: string; readonly read: string }
}
