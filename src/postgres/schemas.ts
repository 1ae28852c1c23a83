/** The schemas of one installation. A tenant is a pair of them: the prefix is configuration. */
export interface Schemas {
  readonly store: string
  readonly read: string
}

export const schemasOf = (prefix: string): Schemas => ({ store: `${prefix}_store`, read: `${prefix}_read` })

/** Quotes a name for SQL. The name has passed the allow-list before; quoting keeps a reserved word from being one. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`
