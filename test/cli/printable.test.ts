import { describe, expect, it } from 'vitest'
import { printable, printableBytes } from '../../src/cli/printable.js'
import { Terminal } from '../../src/cli/terminal.js'

const bytes = (text: string) => new TextEncoder().encode(text)
const hostile = 'a\u001b[2Jb\u0007c\u009bd\u202ee\u2028f\ud800g'

describe('text of anybody', () => {
  it('cannot move a cursor, ring, break a line or turn around', () => {
    expect(printable(hostile)).toBe('a\\u001b[2Jb\\u0007c\\u009bd\\u202ee\\u2028f\\ud800g')
  })

  it('is otherwise as it was', () => {
    expect(printable('Zoë 漢字 🏦 "quoted" \\')).toBe('Zoë 漢字 🏦 "quoted" \\')
  })

  it('is no danger in JSON either, and comes back as it was', () => {
    let written = ''
    const output = { write: (text: string) => ((written += text), true), isTTY: false, columns: 80 }
    const options = { json: true, plain: false, quiet: false, verbose: false, color: false }
    new Terminal(options, output, output).answer({ hostile, tag: '\u{e0001}' }, () => '')

    expect(written.trimEnd()).toMatch(/^[\x20-\x7e\n]*$/)
    expect(JSON.parse(written)).toEqual({ hostile, tag: '\u{e0001}' })
  })
})

describe('bytes of anybody', () => {
  it('that are JSON are indented, every number and name of them as it was written', () => {
    const json = '{"a":1.0,"long":12345678901234567890,"a":[],"b":{"c":"x: {\\"}"},"d":[1,{}]}'

    expect(printableBytes(bytes(json))).toEqual([
      '{',
      '  "a": 1.0,',
      '  "long": 12345678901234567890,',
      '  "a": [],',
      '  "b": {',
      '    "c": "x: {\\"}"',
      '  },',
      '  "d": [',
      '    1,',
      '    {}',
      '  ]',
      '}',
    ])
  })

  it.each([
    ['no UTF-8', new Uint8Array([0xff, 0x1b, 0x41]), '00000000  ff 1b 41'],
    ['no JSON', bytes('{'), '00000000  7b'],
    ['U+0000', new Uint8Array([0]), '00000000  00'],
  ])('that are %s are shown in hexadecimal', (_, value, line) => {
    expect(printableBytes(value)[0]).toContain(line)
  })

  it('that are none are said to be none', () => {
    expect(printableBytes(new Uint8Array())).toEqual(['(no bytes)'])
  })

  it('that are many are cut, and say how many there were', () => {
    const lines = printableBytes(new Uint8Array(5_000_000))

    expect(lines.at(-1)).toBe('… 4995904 of 5000000 bytes are not shown')
    expect(lines).toHaveLength(257)
  })

  it('that are deeply nested JSON are shown', () => {
    expect(printableBytes(bytes('['.repeat(1_000) + ']'.repeat(1_000))).length).toBeGreaterThan(1_000)
  })

  it('that hold control characters in JSON keep them escaped', () => {
    expect(printableBytes(bytes('"\u009b\u202e"'))).toEqual(['"\\u009b\\u202e"'])
  })
})
