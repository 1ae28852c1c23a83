import type { Producer } from 'kafkajs'
import type { OutgoingRecord } from '../../../src/log/index.js'
import type { PlantedFault } from '../planted.js'
import { RawPublisher, type RawPublisherOptions } from './raw-publisher.js'

/**
 * The idempotent producer goes on after a send whose answer was lost. It counts that send as never made, and gives its
 * number to the next records: the broker takes them for a repetition, and acknowledges what it does not write.
 */
export class ReusedProducer extends RawPublisher {
  constructor(options: RawPublisherOptions) {
    super(options, { idempotent: true, maxInFlightRequests: 1, retry: { retries: Number.NaN } })
  }

  protected async send(producer: Producer, records: readonly OutgoingRecord[]): Promise<void> {
    await producer.sendBatch({ acks: -1, topicMessages: this.topicMessages(records) })
  }
}

/**
 * A relay sends the same rows again after a failure, which hides it. It shows when others come next: the rest went to
 * another relay with its slots, or a pause let more rows in.
 */
export const reusedProducer: PlantedFault = {
  name: 'reused-producer',
  log: 'kafka',
  parts: () => ({
    publisher: (shipped, { kafka, encoding }) =>
      kafka === undefined ? shipped : new ReusedProducer({ kafka, encoding }),
  }),
  catches: ['I3'],
  mix: ['drop-answers', 'cut', 'pause', 'broker-pause'],
}
