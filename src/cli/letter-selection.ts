import { userInfo } from 'node:os'
import type { LettersPlan } from '../subscriptions/index.js'
import type { LetterSelection } from '../subscriptions/index.js'
import { CliError } from './cli-error.js'
import { printable } from './printable.js'

/** The flags that say which letters are meant. */
export interface SelectionOptions {
  readonly fingerprint?: string
  readonly type?: string
  readonly key?: string
}

/** Those of a command that changes something: nothing given is not taken for everything. */
export interface DecidingOptions extends SelectionOptions {
  readonly all?: boolean
  readonly by?: string
  readonly dryRun?: boolean
}

/** Keys that a plan names; all are counted. */
const MOST_NAMED = 20

export function selectionOf(
  ids: readonly bigint[],
  { fingerprint, type, key }: SelectionOptions,
): LetterSelection {
  return {
    ...(ids.length === 0 ? {} : { ids }),
    ...(fingerprint === undefined ? {} : { fingerprint }),
    ...(type === undefined ? {} : { type }),
    ...(key === undefined ? {} : { key }),
  }
}

/** @throws {@link CliError} when nothing is said, or `--all` beside something else */
export function decidedSelection(ids: readonly bigint[], options: DecidingOptions): LetterSelection {
  const selection = selectionOf(ids, options)
  const selects = Object.keys(selection).length > 0
  if (options.all === true && selects)
    throw new CliError('USAGE', '--all goes with no other choice of letters')
  if (options.all === true || selects) return selection
  throw new CliError(
    'USAGE',
    'say which letters: their numbers, --fingerprint, --type, --key, or --all for all of them',
  )
}

/** Who decides, for the audit log. */
export function deciderOf({ by }: Pick<DecidingOptions, 'by'>): string {
  if (by !== undefined) return by
  try {
    return userInfo().username
  } catch {
    // The user has no name on this machine, as in many containers.
    return `uid ${process.getuid?.() ?? 'unknown'}`
  }
}

/** The plan as a program is told it: numbers of letters may be many, so they are counted. */
export function planDocument({ sequences, ...plan }: LettersPlan): object {
  return {
    ...plan,
    keys: sequences
      .filter(({ key }) => key !== undefined)
      .map(({ key, letters, selected, fingerprint }) => ({
        key,
        letters,
        selected: selected.length,
        fingerprint,
      })),
    alone: sequences.filter(({ key }) => key === undefined).map(({ first }) => first),
  }
}

/** The groups and keys that a plan is about, as lines. `counted` says which letters of a key count. */
export function planLines({ sequences }: LettersPlan, counted: 'letters' | 'selected'): readonly string[] {
  const number = (sequence: LettersPlan['sequences'][number]): number =>
    counted === 'letters' ? sequence.letters : sequence.selected.length
  const groups = new Map<string, number>()
  for (const sequence of sequences) {
    const group = sequence.fingerprint ?? 'waiting'
    groups.set(group, (groups.get(group) ?? 0) + number(sequence))
  }
  const named = sequences
    .slice(0, MOST_NAMED)
    .map(
      (sequence) =>
        `${sequence.key === undefined ? `letter ${sequence.first.toString()}, alone` : printable(sequence.key)} (${number(sequence)})`,
    )
  const more = sequences.length - named.length
  return [
    `  groups      ${[...groups].map(([group, letters]) => `${group} (${letters})`).join(', ')}`,
    `  keys        ${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`,
  ]
}
