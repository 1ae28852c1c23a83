import { RepriseError } from './reprise-error.js'

/**
 * This build may not go on with what is recorded of a projection, or of effects: what it would write does not fit what is
 * there. Carries every reason, each with what to do: mostly a rebuild, another release, or `reprise projection accept`.
 * Nothing was changed.
 */
export class BuildRefused extends RepriseError {
  readonly faults: readonly string[]
  /** Whether a newer release made what is there. A process of this build starts all the same, and leaves that to others. */
  readonly isOlder: boolean

  constructor(faults: readonly string[], { isOlder = false }: { readonly isOlder?: boolean } = {}) {
    super(
      'REPRISE_BUILD_REFUSED',
      `this build is refused:\n${faults.map((fault) => `- ${fault}`).join('\n')}`,
      { faults, isOlder },
    )
    this.faults = Object.freeze([...faults])
    this.isOlder = isOlder
  }
}
