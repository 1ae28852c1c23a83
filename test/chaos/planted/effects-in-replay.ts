import type { Envelope, EventInstance } from 'reprise'
import type { PlantedFault } from '../planted.js'
import { subscriberThrough } from './subscriber-through.js'

/** How many of the batches are followed by something like a replay. */
const SHARE_OF_REPLAYS = 0.2

/** Milliseconds after which an event is history for sure. */
const HISTORY = 4_000

/** What was acted on, with the time of that. */
interface Acted {
  readonly at: number
  readonly envelope: Envelope<EventInstance>
}

/** Events of long ago are met once more, as by a rebuild, and their effects act on them again. */
export const effectsInReplay: PlantedFault = {
  name: 'effects-in-replay',
  log: 'both',
  parts: (chance) => ({
    effects: (shipped) => {
      const acted: Acted[] = []
      return subscriberThrough(shipped, {
        async apply(tx, envelopes) {
          await shipped.apply(tx, envelopes)
          acted.push(...envelopes.map((envelope) => ({ at: Date.now(), envelope })))
          const history = acted.filter(({ at }) => at < Date.now() - HISTORY)
          if (history.length === 0 || !chance.happens(SHARE_OF_REPLAYS)) return
          await shipped.apply(tx, [chance.pick(history).envelope])
        },
      })
    },
  }),
  catches: ['I7'],
  mix: ['kill'],
}
