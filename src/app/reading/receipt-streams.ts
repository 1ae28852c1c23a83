import type { GroupReceipt, Receipt } from '../../aggregates/execute-options.js'
import { isContract } from '../../core/contract.js'
import { InvalidValue } from '../../core/errors/index.js'
import type { ProjectionModel } from '../../projections/index.js'

/** The streams that a receipt is about, each with its version. */
export function streamsOf(
  receipt: Receipt | GroupReceipt,
): readonly { readonly stream: string; readonly version: number }[] {
  return 'streams' in receipt ? receipt.streams : [receipt]
}

/** The name of the aggregate in the name of a stream: names of aggregates have no hyphen in them. */
export function streamTypeOf(stream: string): string {
  return stream.slice(0, stream.indexOf('-'))
}

/**
 * Refuses a receipt for streams that a projection reads from contracts without versions.
 *
 * @throws {@link InvalidValue}
 */
export function requireNumbered(
  receipt: Receipt | GroupReceipt,
  { sources }: Pick<ProjectionModel, 'sources'>,
): void {
  const contracts = sources.filter(isContract)
  const unnumbered = contracts.filter(({ guard }) => guard !== 'versions').map(({ name }) => name)
  const violations = streamsOf(receipt)
    .filter(({ stream }) => unnumbered.includes(streamTypeOf(stream)))
    .map(({ stream }) => ({
      path: 'stream',
      problem: `is ${stream}, whose producer does not number events: how far it was read is not known`,
    }))
  if (violations.length > 0) throw new InvalidValue('receipt', violations)
}
