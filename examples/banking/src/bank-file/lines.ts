/** A line of a file, without its end. */
export interface Line {
  /** From 1 on. */
  readonly number: number
  readonly text: string
  /** How many of the file's bytes it is, with its end. */
  readonly bytes: number
}

/** A line that is too long to be one; without a limit, a file without line ends would fill the memory. */
export class LineTooLong extends Error {
  readonly line: number

  constructor(line: number) {
    super(`is longer than ${LONGEST_LINE} bytes`)
    this.line = line
  }
}

const LONGEST_LINE = 16_384
const LINE_FEED = 0x0a

/**
 * The lines of a stream of bytes, as they come: nothing more than a chunk is kept. The last one need not end.
 *
 * @throws {@link LineTooLong}
 */
export async function* linesOf(chunks: AsyncIterable<Buffer>): AsyncGenerator<Line> {
  let rest: Buffer = Buffer.alloc(0)
  let number = 0
  for await (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let from = 0
    for (let to = bytes.indexOf(LINE_FEED); to !== -1; to = bytes.indexOf(LINE_FEED, from)) {
      number += 1
      yield { number, text: textOf(bytes.subarray(from, to), number), bytes: to + 1 - from }
      from = to + 1
    }
    rest = bytes.subarray(from)
    if (rest.length > LONGEST_LINE) throw new LineTooLong(number + 1)
  }
  if (rest.length > 0) yield { number: number + 1, text: textOf(rest, number + 1), bytes: rest.length }
}

function textOf(bytes: Buffer, number: number): string {
  if (bytes.length > LONGEST_LINE) throw new LineTooLong(number)
  const text = bytes.toString('utf8')
  const from = number === 1 && text.startsWith('\uFEFF') ? 1 : 0
  return text.endsWith('\r') ? text.slice(from, -1) : text.slice(from)
}
