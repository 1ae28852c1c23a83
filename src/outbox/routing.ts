import type { Routing } from '../core/ports/routing.js'
import { keyHash } from '../log/index.js'
import { SLOTS } from './outbox.js'

/** The topic of an aggregate's events. */
export const topicOf = (app: string, aggregate: string): string => `${app}.${aggregate}`

/** One topic per aggregate type, keyed by the stream's id, so that the order within a stream holds. */
export const routingFor =
  (app: string): Routing =>
  ({ type, id }) => {
    const topic = topicOf(app, type)
    return { topic, key: id, slot: slotOf(topic, id) }
  }

/** Topic and key together: the streams of one small topic still spread over all slots. */
export const slotOf = (topic: string, key: string): number => keyHash(`${topic}/${key}`) % SLOTS
