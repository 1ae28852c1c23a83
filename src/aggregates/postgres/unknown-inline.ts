import { InlineProjectionUnknown } from '../../core/errors/index.js'
import type { AppendRequest } from '../../core/ports/event-store.js'

/** Raised by `require_inline` of the store's schema; its detail names the projections. */
const UNKNOWN_INLINE = 'RPI01'

/** What an append failed with, in the words of the app where this build lacks an inline projection. */
export function appendFailure(error: unknown, { streams }: Pick<AppendRequest, 'streams'>): unknown {
  // By shape, since a caller's driver may be another copy than ours.
  if (!(error instanceof Error && 'code' in error && error.code === UNKNOWN_INLINE)) return error
  const projections = 'detail' in error ? String(error.detail).split(',') : []
  const types = [...new Set(streams.map(({ stream }) => stream.type))].sort()
  return new InlineProjectionUnknown(types, projections, 'deploy the newer release; nothing was stored')
}
