const SEED = 0x9747b28c
const MULTIPLIER = 0x5bd1e995
const utf8 = new TextEncoder()

/**
 * The partition of a key, the same as Kafka's Java clients choose, so that other producers and readers agree with us.
 *
 * @example
 * partitionOf('576', 12)
 */
export const partitionOf = (key: string, partitions: number): number => keyHash(key) % partitions

/** A number from 0 to 2³¹−1 that spreads keys evenly and never changes: places that were derived from it are stored. */
export const keyHash = (key: string): number => murmur2(utf8.encode(key)) & 0x7fffffff

/** Murmur2 with the seed and the byte order of Kafka's Java clients, as a signed 32-bit number. */
export function murmur2(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const wordsEnd = bytes.length - (bytes.length % 4)
  let hash = SEED ^ bytes.length
  for (let at = 0; at < wordsEnd; at += 4) {
    hash = Math.imul(hash, MULTIPLIER) ^ scrambled(view.getInt32(at, true))
  }
  if (wordsEnd < bytes.length) hash = Math.imul(hash ^ tail(bytes.subarray(wordsEnd)), MULTIPLIER)
  hash = Math.imul(hash ^ (hash >>> 13), MULTIPLIER)
  return hash ^ (hash >>> 15)
}

function scrambled(word: number): number {
  const product = Math.imul(word, MULTIPLIER)
  return Math.imul(product ^ (product >>> 24), MULTIPLIER)
}

/** The one to three bytes after the last whole word, the first one lowest. */
function tail(bytes: Uint8Array): number {
  return bytes.reduceRight((word, byte) => (word << 8) | byte, 0)
}
