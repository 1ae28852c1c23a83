/** What a generation was built from, as far as feeding it with another build could spoil it. */
export interface BuiltAs {
  readonly shape: string
  readonly version: number
  /** The event types that were applied to it; events of other types were passed by. */
  readonly eventTypes: readonly string[]
}

/** Why a build must not feed a generation that was built as `built`; empty when it may. */
export function misfits(
  projection: string,
  generation: number,
  built: BuiltAs,
  declared: BuiltAs,
): readonly string[] {
  const faults: string[] = []
  const live = `projection ${projection}: generation ${generation}`
  const rebuild = `run reprise projection rebuild ${projection}`
  if (built.shape !== declared.shape) {
    faults.push(
      `${live} has the table ${built.shape}, the code declares ${declared.shape}; ` +
        `a rebuild over changed columns does not exist yet: give the projection a new name`,
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
  const grown = missingFrom(built.eventTypes, declared.eventTypes)
  if (grown.length > 0) faults.push(`${live} was built without ${grown.join(', ')}; ${rebuild}`)
  const shrunk = missingFrom(declared.eventTypes, built.eventTypes)
  if (shrunk.length > 0) {
    faults.push(
      `${live} was built with ${shrunk.join(', ')}, which the code does not handle; ` +
        `deploy the release that does, or ${rebuild}`,
    )
  }
  return faults
}

function missingFrom(list: readonly string[], types: readonly string[]): readonly string[] {
  return types.filter((type) => !list.includes(type))
}
