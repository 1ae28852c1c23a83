import { definitionFingerprint, differInKeyText, keyingOf } from '../definition-fingerprint.js'
import type { ProjectionModel } from '../projection-model.js'
import { declaredShape } from './columns.js'

/** What a generation was built from, as far as feeding it with another build could spoil it. */
export interface BuiltAs {
  readonly shape: string
  readonly version: number
  /** The event types that were applied to it; events of other types were passed by. */
  readonly eventTypes: readonly string[]
  /** The aggregates whose appends write it; null where it follows a topic, or the order of the store. */
  readonly inlineTypes: readonly string[] | null
  /** Whether it follows the order of the store. @defaultValue false, as of one that appends write */
  readonly ordered?: boolean
  /** By what events find their rows; null where that was not recorded. @defaultValue null */
  readonly keying?: string | null
}

/** What a build would build. */
export interface DeclaredAs extends BuiltAs {
  /** Of its definition. */
  readonly fingerprint: string
}

/** What this build would build; `streamTypes` are the aggregates whose events it reads. */
export function declaredBy(model: ProjectionModel, streamTypes: readonly string[]): DeclaredAs {
  return {
    shape: model.kind === 'table' ? declaredShape(model) : '',
    version: model.version,
    eventTypes: [...model.handlers.keys()].sort(),
    inlineTypes: model.inline ? [...streamTypes].sort() : null,
    ordered: model.across === 'ordered',
    keying: keyingOf(model),
    fingerprint: definitionFingerprint(model),
  }
}

/**
 * Why a build must not feed a generation that was built as `built`; empty when it may. `admitted`: it feeds the generation
 * already, or was accepted for it, so that its keys are those of the rows, whatever the text of their function.
 */
export function misfits(
  projection: string,
  generation: number,
  built: BuiltAs,
  declared: BuiltAs,
  admitted: boolean,
): readonly string[] {
  const faults: string[] = []
  const live = `projection ${projection}: generation ${generation}`
  const rebuild = `run reprise projection rebuild ${projection}`
  if (built.shape !== declared.shape) {
    faults.push(
      `${live} has the table ${built.shape}, the code declares ${declared.shape}; ` +
        `a rebuild over changed columns does not exist yet: give the projection a new name and its table a new name`,
    )
  }
  const otherFeed = feedMisfit(built, declared)
  if (otherFeed !== undefined) faults.push(`${live} ${otherFeed}: give the projection a new name`)
  // Each order has lanes of its own: two that meet in one stream do not see how far the other is, and both apply an event.
  else if (isOrdered(built) !== isOrdered(declared)) {
    faults.push(`${live} ${orderText(built)}, the code declares one that ${orderText(declared)}; ${rebuild}`)
  } else if (!admitted && built.version === declared.version && isKeyedOtherwise(built, declared)) {
    faults.push(
      `${live} has its rows ${built.keying ?? ''}, the code declares them ${declared.keying ?? ''}, and rows of both ` +
        `would mix: raise its version, and ${rebuild}${acceptKeyText(projection, built, declared)}`,
    )
  }
  if (built.version < declared.version) {
    faults.push(
      `${live} was built as version ${built.version}, the code declares ${declared.version}; ${rebuild}`,
    )
  }
  if (built.version > declared.version) {
    faults.push(
      `${live} was built as version ${built.version} by a newer release, the code declares ${declared.version}; ` +
        `deploy that release, or ${rebuild}`,
    )
  }
  const grown = grownTypes(built, declared)
  if (grown.length > 0) {
    const without = `${live} was built without ${grown.join(', ')}; ${rebuild}`
    const accept = `reprise projection accept ${projection}, which leaves out those that were passed by`
    // Nothing stops writers of an inline one that lack them: their appends would go on passing them by.
    faults.push(built.inlineTypes === null ? `${without}, or ${accept}` : without)
  }
  const shrunk = missingFrom(declared.eventTypes, built.eventTypes)
  if (shrunk.length > 0) {
    faults.push(
      `${live} was built with ${shrunk.join(', ')}, which the code does not handle; ` +
        `deploy the release that does, or ${rebuild}`,
    )
  }
  return faults
}

/** The event types that a build handles and a generation was built without. */
export function grownTypes(built: BuiltAs, declared: BuiltAs): readonly string[] {
  return missingFrom(built.eventTypes, declared.eventTypes)
}

/** How a generation comes to its events is part of it, and no rebuild carries that over yet. */
export function feedMisfit(
  built: Pick<BuiltAs, 'inlineTypes'>,
  declared: Pick<BuiltAs, 'inlineTypes'>,
): string | undefined {
  const [before, now] = [feedText(built), feedText(declared)]
  return before === now ? undefined : `${before}, and the code declares one that ${now}`
}

function feedText({ inlineTypes }: Pick<BuiltAs, 'inlineTypes'>): string {
  return inlineTypes === null ? 'follows the log' : `is written by the appends to ${inlineTypes.join(', ')}`
}

const isKeyedOtherwise = ({ keying = null }: BuiltAs, declared: BuiltAs): boolean =>
  keying !== null && declared.keying != null && keying !== declared.keying

/** Nobody but a person can tell whether two texts give the same keys. */
function acceptKeyText(projection: string, built: BuiltAs, declared: BuiltAs): string {
  if (!differInKeyText(built.keying ?? '', declared.keying ?? '')) return ''
  return (
    `; where the function is the same, and only its text is another one since another compiler wrote it (tsx in the place ` +
    `of tsc, or another target), run reprise projection accept ${projection} with this build (--app names its module)`
  )
}

const isOrdered = ({ ordered = false }: BuiltAs): boolean => ordered

const orderText = (as: BuiltAs): string =>
  isOrdered(as) ? 'follows the order of the store' : 'has events of different streams in any order'

function missingFrom(list: readonly string[], types: readonly string[]): readonly string[] {
  return types.filter((type) => !list.includes(type))
}
