import { RepriseError } from './reprise-error.js'

/**
 * Events of these aggregates are written together with inline projections that this build does not have: appended by it,
 * they would be missing there. Nothing was stored. A newer release added them, or a later one took them out.
 */
export class InlineProjectionUnknown extends RepriseError {
  readonly projections: readonly string[]

  constructor(streamTypes: readonly string[], projections: readonly string[], whatToDo: string) {
    super(
      'REPRISE_INLINE_PROJECTION_UNKNOWN',
      `events of ${streamTypes.join(', ')} are written together with the inline projection ${projections.join(', ')}, ` +
        `which this build does not have: ${whatToDo}`,
      { streamTypes, projections },
    )
    this.projections = projections
  }
}
