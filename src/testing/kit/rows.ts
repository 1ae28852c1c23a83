import { assertionError, indented } from './assertion.js'
import { describe, shown } from './difference.js'
import { type Difference, differences, nothing } from './differences.js'
import { presentIn } from './present-in.js'

export type RowValues = Readonly<Record<string, unknown>>

/** Rows as they were found. */
export interface FoundRows {
  /** The table, for messages. */
  readonly table: string
  /** The columns that tell one row from another; none where rows may be the same. */
  readonly key: readonly string[]
  readonly rows: readonly RowValues[]
}

/** @throws an AssertionError that tells which rows are missing, not expected, or differ, and in which columns */
export function requireRows(found: FoundRows, expected: readonly RowValues[]): void {
  const list =
    found.key.length > 0 ? keyedDifferences(found, expected) : unkeyedDifferences(found.rows, expected)
  if (list.length === 0) return
  throw assertionError(`the rows of ${found.table} are not those expected\n${indented(describe(list))}`, {
    actual: found.rows,
    expected,
  })
}

function keyedDifferences(
  { table, key, rows }: FoundRows,
  expected: readonly RowValues[],
): readonly Difference[] {
  const found = byKey(rows, key, `${table} has`)
  const wanted = byKey(expected, key, 'you expect')
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((name) =>
    differences(found.get(name) ?? nothing, wanted.get(name) ?? nothing).map(({ path, ...sides }) => ({
      ...sides,
      path: path === '' ? `row ${name}` : `row ${name}, ${path}`,
    })),
  )
}

function byKey(rows: readonly RowValues[], key: readonly string[], whose: string): Map<string, RowValues> {
  const found = new Map<string, RowValues>()
  for (const row of rows) {
    const name = key.map((column) => shown(row[column])).join(', ')
    if (found.has(name)) throw assertionError(`${whose} two rows with the key ${name}`)
    found.set(name, presentIn(row))
  }
  return found
}

/** Each expected row takes one that is equal to it; what is left on either side differs. */
function unkeyedDifferences(
  found: readonly RowValues[],
  expected: readonly RowValues[],
): readonly Difference[] {
  const left = found.map(presentIn)
  const missing = expected.map(presentIn).filter((row) => {
    const index = left.findIndex((it) => differences(it, row).length === 0)
    if (index >= 0) left.splice(index, 1)
    return index < 0
  })
  return [
    ...missing.map((row) => ({ path: 'a row', expected: row, found: nothing })),
    ...left.map((row) => ({ path: 'a row', expected: nothing, found: row })),
  ]
}
