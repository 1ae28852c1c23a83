import type { ReportFault } from '../core/decorated-method.js'
import { isContract } from '../core/contract.js'
import type { EventSourceRef } from '../core/event-source.js'
import { ACROSS, type Across, type KeyOf, type ProjectionModel } from './projection-model.js'

/** What JavaScript may have passed as options. */
interface UncheckedOptions {
  readonly key?: unknown
  readonly across?: unknown
  readonly inline?: unknown
}

/** By what a projection finds its rows, and how and when events meet in them. */
export type Keying = Pick<ProjectionModel, 'keyOf' | 'across' | 'inline'>

/** Checks the options together, and against what the projection is and reads from. */
export function readKeying(
  { key, across, inline = false }: UncheckedOptions,
  kind: ProjectionModel['kind'],
  sources: readonly EventSourceRef[],
  report: ReportFault,
): Keying {
  if (key !== undefined && typeof key !== 'function') {
    report('key must be a function that gives the key of an event: (event, envelope) => …')
  }
  const known = ACROSS.find((it) => it === across)
  if (across !== undefined && known === undefined) report(`across must be one of ${ACROSS.join(', ')}`)
  if (typeof inline !== 'boolean') report('inline must be true or false')
  const keying: Keying = { keyOf: key as KeyOf | undefined, across: known, inline: inline === true }
  const isKeyed = key !== undefined
  // What is said wrongly is said: a second fault would only repeat it.
  const isSaid = across !== undefined
  const faults = kind === 'table' ? tableFaults(isKeyed, isSaid, sources) : sqlFaults(isKeyed, known)
  for (const fault of [...faults, ...sourceFaults(keying, sources)]) report(fault)
  return keying
}

function tableFaults(
  isKeyed: boolean,
  isSaid: boolean,
  sources: readonly EventSourceRef[],
): readonly string[] {
  if (isKeyed && !isSaid) {
    return [
      `key needs across, 'commutative' or 'ordered': 'commutative' if a row is the same in whatever order the events of ` +
        `different streams reach it, as a sum or a count is; 'ordered' if it is not, and they must come in the order of the store`,
    ]
  }
  if (isKeyed) return []
  return [
    ...(isSaid
      ? ['across is for rows of another key than the stream: add the key, or leave across out']
      : []),
    // Streams of two types can have one id: their lanes would meet in one row and lose each other's updates.
    ...(sources.length > 1
      ? [
          'a table of one row per stream can read from one source only: give each its own, add a key, or write SQL',
        ]
      : []),
  ]
}

function sqlFaults(isKeyed: boolean, across: Across | undefined): readonly string[] {
  return [
    ...(isKeyed ? ['key is for a TableProjection: the statements of a SqlProjection name their rows'] : []),
    ...(across === 'commutative'
      ? [
          `across 'commutative' says nothing about a SqlProjection, whose statements for different streams come in any ` +
            `order unless it is 'ordered': leave it out`,
        ]
      : []),
  ]
}

function sourceFaults({ across, inline }: Keying, sources: readonly EventSourceRef[]): readonly string[] {
  const foreign = sources.filter(isContract).map((it) => it.name)
  return [
    ...(across === 'ordered' && inline
      ? [
          'an inline projection cannot be ordered: each append would wait until the one before it is committed',
        ]
      : []),
    ...(across === 'ordered' && foreign.length > 0
      ? [
          `across 'ordered' is the order of the app's own store: it cannot read the contract ${foreign.join(', ')}`,
        ]
      : []),
    ...(inline && foreign.length > 0
      ? [
          `inline is in the transaction of the append, which is another service's for the contract ${foreign.join(', ')}`,
        ]
      : []),
  ]
}
