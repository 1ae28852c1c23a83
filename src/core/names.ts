const identifier = /^[a-z][a-z0-9_]{0,40}$/
const messageName = /^[A-Za-z][A-Za-z0-9_.]{0,99}$/
const memberName = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

const patterns = {
  app: identifier,
  aggregate: identifier,
  projection: identifier,
  effect: identifier,
  table: identifier,
  column: identifier,
  contract: identifier,
  scope: identifier,
  event: messageName,
  command: messageName,
  field: memberName,
} as const

/** What is named. Names are persisted, and some become identifiers of the database or names of topics. */
export type NameKind = keyof typeof patterns

/** Postgres has columns of these names in every table. */
const systemColumns = ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']

/** An app's read models are in the schema of its name, so it must not take a schema that is in use. */
const reservedSchemas = /^(?:public|information_schema|pg_.*|reprise_.*)$/

/** Why `name` is not safe for what it names, or undefined if it is. */
export function nameFault(kind: NameKind, name: unknown): string | undefined {
  if (typeof name !== 'string') return `the name of ${article(kind)} ${kind} must be a string`
  const shown = JSON.stringify(name.slice(0, 120))
  if (!patterns[kind].test(name)) return `the ${kind} name ${shown} must match ${patterns[kind].source}`
  if (isReserved(kind, name)) return `the ${kind} name ${shown} is reserved`
  return undefined
}

function isReserved(kind: NameKind, name: string): boolean {
  if (kind === 'app') return reservedSchemas.test(name)
  if (kind === 'column') return systemColumns.includes(name)
  return kind === 'field' && name === '__proto__'
}

function article(kind: NameKind): 'a' | 'an' {
  return /^[aeiou]/.test(kind) ? 'an' : 'a'
}
