import { randomBytes } from 'node:crypto'
import { describe, inject } from 'vitest'
import { partAddress } from './part-address.js'

/** The run's broker, started with its first use; undefined when Kafka tests are skipped. */
export async function kafkaBrokers(): Promise<string | undefined> {
  return inject('kafkaMissing') === '' ? partAddress('/kafka') : undefined
}

/** `describe` for tests that need Kafka; where there is none the run has said so in a loud line. */
export const describeKafka = describe.skipIf(inject('kafkaMissing') !== '')

/** A name for a topic, group or schema that no other test uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(5).toString('hex')}`
}
