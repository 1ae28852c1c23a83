import type { Subscriber } from '../../../src/subscriptions/index.js'
import type { ReadTransaction } from '../../../src/subscriptions/postgres/index.js'

type ReadSubscriber = Subscriber<ReadTransaction>

/** Does what the other one does, but for the changes. */
export const subscriberThrough = (
  shipped: ReadSubscriber,
  changes: Partial<ReadSubscriber>,
): ReadSubscriber => ({
  name: shipped.name,
  generation: shipped.generation,
  handles: shipped.handles,
  apply: (tx, envelopes) => shipped.apply(tx, envelopes),
  ...(shipped.sequenceKeyOf === undefined
    ? {}
    : { sequenceKeyOf: (envelope) => shipped.sequenceKeyOf?.(envelope) ?? '' }),
  ...(shipped.kind === undefined ? {} : { kind: shipped.kind }),
  ...(shipped.definition === undefined ? {} : { definition: shipped.definition }),
  ...(shipped.wants === undefined ? {} : { wants: (event) => shipped.wants?.(event) !== false }),
  ...(shipped.oneAtATime === undefined ? {} : { oneAtATime: shipped.oneAtATime }),
  ...changes,
})
