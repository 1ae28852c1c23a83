import type { PlantedFault } from '../planted.js'
import { subscriberThrough } from './subscriber-through.js'

/**
 * Each event is a sequence of its own: what comes after a parked event is applied without it. Poisoned notes on accounts
 * that go on moving money show it at once.
 */
export const parkingWithoutSequence: PlantedFault = {
  name: 'parking-without-sequence',
  log: 'both',
  parts: () => ({
    subscriber: (shipped) => subscriberThrough(shipped, { sequenceKeyOf: ({ eventId }) => eventId }),
  }),
  catches: ['I6'],
  mix: ['poison'],
}
