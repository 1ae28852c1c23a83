import type { WriteStream } from 'node:tty'

/** Where progress goes: standard error, or a recording in tests. */
export type ProgressStream = Pick<WriteStream, 'write'> & Partial<Pick<WriteStream, 'isTTY' | 'columns'>>

const BAR = 24
const NARROWEST = 40
/** Milliseconds between two drawings of the bar, or two plain lines. */
const REDRAW = 80
const PLAIN_LINE = 2_000
const ERASE_LINE = '\r\u001B[2K'

/** Shows how far the work is: a bar that is drawn over and over on a terminal, plain lines otherwise. */
export class Progress {
  readonly #stream: ProgressStream
  readonly #drawsBar: boolean
  #shownAt = 0
  #isBarShown = false

  constructor(stream: ProgressStream) {
    this.#stream = stream
    this.#drawsBar = stream.isTTY === true && process.env.TERM !== 'dumb'
  }

  /** Shows `share`, from 0 to 1, of the work; too frequent calls show nothing. */
  show(title: string, share: number, detail: string): void {
    const now = performance.now()
    if (now - this.#shownAt < (this.#drawsBar ? REDRAW : PLAIN_LINE)) return
    this.#shownAt = now
    const percent = `${Math.floor(share * 100)} %`
    if (this.#drawsBar) this.#draw(`${title.padEnd(11)} ${bar(share)} ${percent.padStart(5)}  ${detail}`)
    else this.#stream.write(`${title} ${percent}: ${detail}\n`)
  }

  /** Writes a line that stays, in place of the bar. */
  say(line: string): void {
    this.clear()
    this.#stream.write(`${line}\n`)
    // Plain lines of the next work come after their interval, its bar at once.
    this.#shownAt = this.#drawsBar ? 0 : performance.now()
  }

  /** Takes the bar away. */
  clear(): void {
    if (this.#isBarShown) this.#stream.write(ERASE_LINE)
    this.#isBarShown = false
  }

  #draw(line: string): void {
    const width = Math.max(this.#stream.columns ?? 80, NARROWEST) - 1
    this.#stream.write(`${ERASE_LINE}${line.slice(0, width)}`)
    this.#isBarShown = true
  }
}

function bar(share: number): string {
  const full = Math.round(Math.min(1, Math.max(0, share)) * BAR)
  return '█'.repeat(full) + '░'.repeat(BAR - full)
}
