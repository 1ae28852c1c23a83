import type { Producer } from 'kafkajs'
import type { OutgoingRecord } from '../../../src/log/index.js'
import type { PlantedFault } from '../planted.js'
import { RawPublisher, type RawPublisherOptions } from './raw-publisher.js'

/** Every record is sent by itself, and none waits for the one before. They overtake each other in the client. */
export class ConcurrentSends extends RawPublisher {
  constructor(options: RawPublisherOptions) {
    super(options, { idempotent: false })
  }

  protected async send(producer: Producer, records: readonly OutgoingRecord[]): Promise<void> {
    await Promise.all(
      records.map((record) => producer.sendBatch({ acks: -1, topicMessages: this.topicMessages([record]) })),
    )
  }
}

export const concurrentSends: PlantedFault = {
  name: 'concurrent-sends',
  log: 'kafka',
  parts: () => ({
    publisher: (shipped, { kafka, encoding }) =>
      kafka === undefined ? shipped : new ConcurrentSends({ kafka, encoding }),
  }),
  catches: ['I4'],
  mix: ['pause', 'broker-pause', 'delay'],
}
