import type { Message, TopicMessages } from 'kafkajs'
import type { OutgoingRecord } from '../log-record.js'

/** A record as the client takes it, with the place that it goes to. */
export interface PlacedMessage {
  readonly record: OutgoingRecord
  readonly topic: string
  readonly partition: number
  readonly message: Message
}

/** What one partition is sent at once: the client makes one record batch of it, and brokers refuse those over 1 MiB by default. */
const BYTES_PER_PARTITION = 512 * 1024

/** Around the key, the value and each header of a record: lengths, deltas, attributes. */
const OVERHEAD = 32

/**
 * Cuts messages into sends, in the order given, so that no partition gets more than {@link BYTES_PER_PARTITION} in one
 * of them. A larger message goes alone: whether it is too large is for the broker to say.
 */
export function* inBatches(placed: readonly PlacedMessage[]): Generator<readonly PlacedMessage[]> {
  let batch: PlacedMessage[] = []
  let sizes = new Map<string, number>()
  for (const one of placed) {
    const place = `${one.topic}/${one.partition}`
    const size = sizeOf(one.message)
    const before = sizes.get(place) ?? 0
    if (before > 0 && before + size > BYTES_PER_PARTITION) {
      yield batch
      batch = []
      sizes = new Map()
    }
    sizes.set(place, (sizes.get(place) ?? 0) + size)
    batch.push(one)
  }
  if (batch.length > 0) yield batch
}

/** The messages of one send, by topic and in their order. */
export function asTopicMessages(batch: readonly PlacedMessage[]): TopicMessages[] {
  const topics = new Map<string, Message[]>()
  for (const { topic, message } of batch) {
    const messages = topics.get(topic)
    if (messages === undefined) topics.set(topic, [message])
    else messages.push(message)
  }
  return [...topics].map(([topic, messages]) => ({ topic, messages }))
}

function sizeOf({ key, value, headers = {} }: Message): number {
  let size = OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0)
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0) + 2
  return size
}
