const MOST_BYTES = 4_096
const BYTES_PER_LINE = 16

/** What could move a cursor, break a line, or turn the direction of text around. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** A character as JSON and JavaScript write it with ASCII alone. */
export function escaped(character: string): string {
  return character
    .split('')
    .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .join('')
}

/** Text of anybody's in one line, as a terminal may be given it. */
export function printable(text: string): string {
  return text.replaceAll(UNSAFE, escaped)
}

/** The same in several lines, where the text has several. */
export function printableLines(text: string): readonly string[] {
  return text.split(/\r?\n/).map((line) => printable(line.replaceAll('\t', '  ')))
}

/**
 * Bytes of anybody's as lines that a terminal may be given: indented JSON where they are that, else hexadecimal with the
 * characters beside it. What is longer is cut, and says so.
 */
export function printableBytes(bytes: Uint8Array, most = MOST_BYTES): readonly string[] {
  if (bytes.length === 0) return ['(no bytes)']
  const cut = bytes.length > most ? [`… ${bytes.length - most} of ${bytes.length} bytes are not shown`] : []
  // What is cut is no JSON any more, and parsing what is huge only to show its beginning would be wasted.
  const json = cut.length === 0 ? asJson(bytes) : undefined
  return json ?? [...hexadecimal(bytes.subarray(0, most)), ...cut]
}

function asJson(bytes: Uint8Array): readonly string[] | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    JSON.parse(text)
    return printableLines(indented(text))
  } catch {
    return undefined
  }
}

/** Indents JSON text as it stands: parsing it and writing it again would round its numbers and lose repeated names. */
function indented(json: string): string {
  let depth = 0
  const line = (): string => `\n${'  '.repeat(depth)}`
  return json.replaceAll(/"(?:[^"\\]|\\.)*"|[{[]\s*[}\]]|[{}[\],:]|\s+/gs, (token) => {
    if (token.startsWith('"')) return token
    if (/^[{[]\s*[}\]]$/.test(token)) return token.replaceAll(/\s/g, '')
    if (token === '{' || token === '[') {
      depth += 1
      return token + line()
    }
    if (token === '}' || token === ']') {
      depth -= 1
      return line() + token
    }
    if (token === ',') return token + line()
    return token === ':' ? ': ' : ''
  })
}

function hexadecimal(bytes: Uint8Array): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const row = [...bytes.subarray(at, at + BYTES_PER_LINE)]
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
    const text = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.')).join('')
    lines.push(`${at.toString(16).padStart(8, '0')}  ${hex.padEnd(BYTES_PER_LINE * 3 - 1)}  ${text}`)
  }
  return lines
}
