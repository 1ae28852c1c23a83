import { RepriseError } from './reprise-error.js'

/** The definition of an app cannot work. Carries every fault that was found, not only the first: each says what to write. */
export class DefinitionError extends RepriseError {
  readonly faults: readonly string[]

  constructor(faults: readonly string[]) {
    const count = faults.length === 1 ? 'a fault' : `${faults.length} faults`
    super(
      'REPRISE_DEFINITION',
      `the definition has ${count}:\n${faults.map((fault) => `- ${fault}`).join('\n')}`,
      {
        faults,
      },
    )
    this.faults = Object.freeze([...faults])
  }
}
