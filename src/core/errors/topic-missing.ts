import { RepriseError } from './reprise-error.js'

/** A topic does not exist. Publishing and reading never create one; only a start that may provision does. */
export class TopicMissing extends RepriseError {
  readonly topic: string

  constructor(topic: string) {
    super('REPRISE_TOPIC_MISSING', `topic ${topic} does not exist: create it, or start with provision on`, {
      topic,
    })
    this.topic = topic
  }
}
