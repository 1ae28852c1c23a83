import { RepriseError } from './reprise-error.js'

/** A topic does not exist. Publishing and reading never create one; only a start that may provision does. */
export class TopicMissing extends RepriseError {
  readonly topic: string

  constructor(topic: string, whatToDo = 'create it, or start with provision on') {
    super('REPRISE_TOPIC_MISSING', `topic ${topic} does not exist: ${whatToDo}`, { topic })
    this.topic = topic
  }
}
