const GAP = '  '
const NUMBER = /^(-|[\d,.]+)$/

/** A row of cells under their headings. */
export type Row = readonly string[]

/**
 * A table with aligned columns, numbers to the right. `plain` gives tab-separated lines without headings instead. What
 * could move the cursor or break a line is a space.
 */
export function table(headings: Row, rows: readonly Row[], options: { readonly plain: boolean }): string {
  const cells = rows.map((row) => row.map((cell) => cell.replaceAll(/\p{Cc}+/gu, ' ')))
  if (options.plain) return cells.map((row) => row.join('\t')).join('\n')
  const columns = headings.map((heading, index) => {
    const values = cells.map((row) => row[index] ?? '')
    return {
      width: Math.max(heading.length, ...values.map(({ length }) => length)),
      right: values.length > 0 && values.every((value) => NUMBER.test(value)),
    }
  })
  const line = (row: Row): string =>
    columns
      .map(({ width, right }, index) => {
        const cell = row[index] ?? ''
        return right ? cell.padStart(width) : cell.padEnd(width)
      })
      .join(GAP)
      .trimEnd()
  return [headings, ...cells].map(line).join('\n')
}
