import type { Routing } from '../core/ports/routing.js'
import { slotOf } from '../log/index.js'

/** The topic of an aggregate's events. */
export const topicOf = (app: string, aggregate: string): string => `${app}.${aggregate}`

/** One topic per aggregate type, keyed by the stream's id, so that the order within a stream holds. */
export const routingFor =
  (app: string): Routing =>
  ({ type, id }) => {
    const topic = topicOf(app, type)
    return { topic, key: id, slot: slotOf(topic, id) }
  }
