// Numbers as a person reads them.

export const count = (number: number): string => number.toLocaleString('en-US')

/** Hellers as crowns, '1,234.50'. */
export function crowns(hellers: bigint): string {
  const sign = hellers < 0n ? '-' : ''
  const amount = hellers < 0n ? -hellers : hellers
  return `${sign}${(amount / 100n).toLocaleString('en-US')}.${String(amount % 100n).padStart(2, '0')}`
}

/** Rows of cells: the first column to the left, all others to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = rows.map((row) =>
    row.map((cell, column) =>
      column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
    ),
  )
  return lines.map((cells) => `  ${cells.join('  ')}`).join('\n')
}
