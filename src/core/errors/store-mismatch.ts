import { RepriseError } from './reprise-error.js'

/**
 * A topic carries the records of another store: what they say is not the history of this one. Give the app another name,
 * or delete the topic if nobody needs its records; `facts` name both stores.
 */
export class StoreMismatch extends RepriseError {
  constructor(topic: string, ownStore: string, foundStore: string, whatToDo: string) {
    super(
      'REPRISE_STORE_MISMATCH',
      `topic ${topic} carries records of the store ${foundStore}, but this store is ${ownStore}: ${whatToDo}`,
      { topic, ownStore, foundStore },
    )
  }
}
