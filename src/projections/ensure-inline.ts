import { setTimeout as delay } from 'node:timers/promises'
import { counted } from '../core/counted.js'
import { BuildRefused, RebuildInProgress } from '../core/errors/index.js'
import type { InlineParts, ProjectionParts } from './projection-feed.js'
import { rebuild } from './rebuild.js'

/** Milliseconds between looks whether another process has built the first generation. */
const PAUSE = 100

/**
 * Makes sure that an inline projection is live before this process appends: the first generation is built from what the
 * store holds, by one process, which the others wait for. With `mayRead` false that is done of an empty store only.
 *
 * @throws {@link BuildRefused} where the live generation was built from another definition, lacks events, or is none
 * and may not be built here; what {@link rebuild} throws
 */
export async function ensureInline<Tx>(
  parts: ProjectionParts<Tx>,
  inline: InlineParts<Tx>,
  mayRead: boolean,
): Promise<void> {
  const { generations } = parts
  while ((await generations.status()) === undefined) {
    await refuseReading(parts, mayRead)
    try {
      await rebuild(parts)
    } catch (error) {
      if (!(error instanceof RebuildInProgress)) throw error
      await delay(PAUSE)
    }
  }
  const { projection, generation } = await generations.ensureLive()
  if (await inline.generations.isRecorded()) return
  throw new BuildRefused([
    `projection ${projection}: generation ${generation} lacks the events that were appended while it was given up; ` +
      `run reprise projection rebuild ${projection}`,
  ])
}

async function refuseReading<Tx>(
  { history, streamTypes, model }: ProjectionParts<Tx>,
  mayRead: boolean,
): Promise<void> {
  const events = mayRead ? 0 : await history.count(streamTypes)
  if (events === 0) return
  throw new BuildRefused([
    `projection ${model.name}: it is inline and new, and the store holds ${counted(events, 'event')} that it has to be built from ` +
      `first; run reprise projection rebuild ${model.name}, or start with provision`,
  ])
}
