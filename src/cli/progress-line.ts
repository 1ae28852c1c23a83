import type { Terminal } from './terminal.js'

/** How far something is. */
export interface Progress {
  readonly phase: string
  readonly done: number
  readonly total: number
  /** What it waits for, if it waits. */
  readonly waitingFor?: readonly string[]
}

const BAR_WIDTH = 24
const REDRAW_EVERY = 100
const NEW_LINE_EVERY = 5_000
const CLEAR_LINE = '\r\u001B[2K'

/**
 * Shows progress on standard error: a bar that moves on a terminal, else a plain line now and then and at each change
 * of phase. Nothing with `--quiet`. It must be cleared before something else is written.
 */
export class ProgressLine {
  readonly #terminal: Terminal
  readonly #isBar: boolean
  #began: number | undefined
  #shownAt = -Infinity
  #shownPhase: string | undefined
  #barIsShown = false

  constructor(terminal: Terminal) {
    this.#terminal = terminal
    const { json } = terminal.options
    this.#isBar = terminal.stderr.isTTY && !json && process.env['TERM'] !== 'dumb' && !process.env['CI']
  }

  show(progress: Progress): void {
    const now = performance.now()
    this.#began ??= now // Rates count from the first showing.
    const pause = this.#isBar ? REDRAW_EVERY : NEW_LINE_EVERY
    if (progress.phase === this.#shownPhase && now - this.#shownAt < pause) return
    this.#shownAt = now
    this.#shownPhase = progress.phase
    const rate = (progress.done / Math.max(now - this.#began, 1)) * 1_000
    if (!this.#isBar) this.#terminal.tell({ progress: { ...progress, rate } }, textOf(progress, rate))
    else if (!this.#terminal.options.quiet) this.#draw(`${barOf(progress)} ${textOf(progress, rate)}`)
  }

  clear(): void {
    if (this.#barIsShown) this.#terminal.stderr.write(CLEAR_LINE)
    this.#barIsShown = false
  }

  #draw(line: string): void {
    // A line that wraps could not be cleared.
    this.#terminal.stderr.write(CLEAR_LINE + line.slice(0, this.#terminal.stderr.columns - 1))
    this.#barIsShown = true
  }
}

function barOf({ done, total }: Progress): string {
  const filled = total === 0 ? BAR_WIDTH : Math.floor((done / total) * BAR_WIDTH)
  return `[${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)}]`
}

function textOf({ phase, done, total, waitingFor }: Progress, rate: number): string {
  if (waitingFor !== undefined) return `${phase} for ${waitingFor.join('; ')}`
  const events = `${phase} ${done.toLocaleString('en')}/${total.toLocaleString('en')} events`
  if (done === 0 || done >= total) return events
  const left = Math.ceil((total - done) / rate)
  return `${events}, ${Math.round(rate).toLocaleString('en')}/s, ${left} s left`
}
