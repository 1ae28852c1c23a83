import {
  type Freshness,
  InlineFreshness,
  type ReadProgress,
  type StoreBacklog,
  StoreFreshness,
  TopicFreshness,
} from '../../projections/freshness.js'
import type { ProjectionParts } from '../../projections/projection-feed.js'
import type { ReadTransaction } from '../../subscriptions/postgres/index.js'

/** How the freshness of a projection is found out, by what feeds it. `store` is undefined where none is in reach. */
export function freshnessOf(
  { model, source, streamTypes }: ProjectionParts<ReadTransaction>,
  progress: ReadProgress,
  store: StoreBacklog | undefined,
): Freshness {
  const projection = model.name
  if (store !== undefined && model.inline) return new InlineFreshness(store)
  if (store !== undefined && model.across === 'ordered')
    return new StoreFreshness({ projection, streamTypes, store, progress })
  return new TopicFreshness({ projection, source, store, progress })
}
