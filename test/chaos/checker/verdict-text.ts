import type { Verdict, Violation } from './verdict.js'

const number = new Intl.NumberFormat('en-US')

/** `I3  ok        12,345 events, 12,401 records, 56 duplicates`; what is wrong follows in lines of its own. */
export function verdictText({
  id,
  state,
  promise,
  counts,
  violations,
  first,
  worst,
  missing,
}: Verdict): string {
  const said = counts.map(([what, count]) => `${number.format(count)} ${what}`).join(', ')
  const head = `${id.padEnd(4)}${(state === 'violated' ? 'VIOLATED' : state).padEnd(10)}${said}`
  if (state === 'ok') return head
  if (state === 'unknown') return `${head}\n    nothing can be said of "${promise}": ${missing ?? ''}`
  const lines = [head, `    ${number.format(violations)} times not so: ${promise}`]
  if (first !== undefined) lines.push(...violationLines('first', first))
  if (worst !== undefined && worst !== first) lines.push(...violationLines('worst', worst))
  return lines.join('\n')
}

const violationLines = (which: string, { what, at, path }: Violation): readonly string[] => [
  `    ${which}: ${what}${at === undefined ? '' : ` (${new Date(at).toISOString()})`}`,
  ...path.map((step) => `      ${step}`),
]
