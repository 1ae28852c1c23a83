import { describe, expect, it } from 'vitest'
import { payloadLevel } from '../../src/app/payload-settings.js'
import { payloadDocument, payloadLines } from '../../src/cli/letter-payload.js'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const secret = bytes('{"iban":"swordfish","entries":[{"amount":4711}],"note":null}')
const hostile = bytes(`{"__proto__":{"a":"swordfish"},"deep":${'['.repeat(9)}4711${']'.repeat(9)}}`)

describe('the payload of a letter', () => {
  it('is shown whole where that is said, and by nothing else', () => {
    for (const level of ['none', 'masked'] as const) {
      for (const value of [secret, hostile, bytes('swordfish 4711'), new Uint8Array([0xff, 0x34])]) {
        const shown = JSON.stringify([payloadLines(value, level), payloadDocument(value, level)])
        expect(shown).not.toMatch(/swordfish|4711|c3dvcm/)
      }
    }
    expect(payloadLines(secret, 'full').join('')).toContain('swordfish')
    expect(payloadDocument(secret, 'full')).toEqual({
      value: Buffer.from(secret).toString('base64'),
      valueBytes: secret.length,
    })
  })

  it('masked has the shape of its JSON, and says so of what is none', () => {
    expect(payloadDocument(secret, 'masked')).toEqual({
      value: null,
      valueBytes: secret.length,
      masked: { iban: '***', entries: [{ amount: '***' }], note: '***' },
    })
    expect(payloadLines(secret, 'masked')).toContain('  "iban": "***",')
    expect(payloadLines(bytes('swordfish'), 'masked')).toEqual([
      'not shown: REPRISE_DLQ_PAYLOADS is masked, and it is no JSON',
    ])
  })

  it('limited ends after 64 bytes, and says how many there are', () => {
    const long = bytes(`${'x'.repeat(64)}swordfish`)

    expect(payloadLines(long, 'limited').join('\n')).toContain('9 of 73 bytes are not shown')
    const { beginning, valueBytes } = payloadDocument(long, 'limited') as {
      beginning: string
      valueBytes: number
    }
    expect(Buffer.from(beginning, 'base64').toString()).toBe('x'.repeat(64))
    expect(valueBytes).toBe(73)
  })

  it('that is none at all is told from one that is not shown', () => {
    expect(payloadDocument(null, 'none')).toEqual({ value: null, valueBytes: null })
    expect(payloadDocument(secret, 'none')).toEqual({ value: null, valueBytes: secret.length })
  })
})

describe('REPRISE_DLQ_PAYLOADS', () => {
  it('is full, but none in production, unless it says otherwise', () => {
    expect(payloadLevel({})).toBe('full')
    expect(payloadLevel({ NODE_ENV: 'production' })).toBe('none')
    expect(payloadLevel({ NODE_ENV: 'production', REPRISE_DLQ_PAYLOADS: 'masked' })).toBe('masked')
    expect(() => payloadLevel({ REPRISE_DLQ_PAYLOADS: 'some' })).toThrow(
      'REPRISE_DLQ_PAYLOADS must be one of none, masked, limited, full',
    )
  })
})
