import { keyHash } from './partitioner.js'

/** Whoever publishes shares the keys of all topics by slots: a key always falls into the same one. */
export const SLOTS = 64

/** Topic and key together: the keys of one small topic still spread over all slots. */
export const slotOf = (topic: string, key: string): number => keyHash(`${topic}/${key}`) % SLOTS
