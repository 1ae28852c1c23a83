/** More changes than this make another word, not a slip. */
const FURTHEST = 3

/** The names that somebody may have meant, the nearest only. */
export function didYouMean(given: string, names: readonly string[]): readonly string[] {
  const distances = names.map((name) => distance(given, name))
  const nearest = Math.min(...distances)
  if (nearest > Math.min(FURTHEST, given.length / 2)) return []
  return names.filter((_name, index) => distances[index] === nearest)
}

/** How many letters must be added, left out or replaced to make one word of the other. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column)
  for (let index = 0; index < from.length; index++) {
    const next = [index + 1]
    for (let column = 1; column <= to.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (from[index] === to[column - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[to.length] ?? 0
}
