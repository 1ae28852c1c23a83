import { describe, expect, it } from 'vitest'
import { keyHash, murmur2, partitionOf } from '../../src/log/partitioner.js'

/**
 * Key, murmur2 and the partition among 3, 12 and 50, as printed by `org.apache.kafka.common.utils.Utils.murmur2` and
 * `toPositive` of kafka-clients 4.1.1 for the UTF-8 bytes of the key.
 */
const golden: readonly (readonly [key: string, hash: number, of3: number, of12: number, of50: number])[] = [
  ['', 275646681, 0, 9, 31],
  ['a', -1563381124, 1, 4, 24],
  ['ab', 316155434, 2, 2, 34],
  ['abc', 479470107, 0, 3, 7],
  ['abcd', -1323649548, 2, 8, 0],
  ['abcde', 461995741, 1, 1, 41],
  ['1', -1993445489, 0, 3, 9],
  ['10', 1164287326, 1, 10, 26],
  ['576', -235596917, 0, 3, 31],
  ['account-1', 1835529620, 2, 8, 20],
  ['7f1d8f5e-3a52-7c3e-9d40-0b1a2c3d4e5f', -1658455170, 2, 2, 28],
  ['Jörg', 1337330477, 2, 5, 27],
  ['Žluťoučký kůň', -87229010, 0, 6, 38],
  ['口座-42', -1351212558, 2, 2, 40],
  ['💶', -995713775, 0, 9, 23],
  ['  spaced key  ', -1026061616, 0, 0, 32],
  ['x'.repeat(1000), -1068453602, 0, 6, 46],
]

describe('partitionOf', () => {
  it.each(golden)('places the key %j where the Java client places it', (key, hash, of3, of12, of50) => {
    expect(murmur2(Buffer.from(key))).toBe(hash)
    expect([3, 12, 50].map((partitions) => partitionOf(key, partitions))).toEqual([of3, of12, of50])
  })

  it('hashes the bytes given, wherever they lie in their buffer', () => {
    const buffer = Buffer.from('.account-1.')

    expect(murmur2(buffer.subarray(1, -1))).toBe(1835529620)
  })

  it('never answers a negative hash', () => {
    golden.forEach(([key]) => expect(keyHash(key)).toBeGreaterThanOrEqual(0))
  })
})
