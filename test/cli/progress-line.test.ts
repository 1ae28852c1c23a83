import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProgressLine } from '../../src/cli/progress-line.js'
import { Terminal, type TerminalOptions } from '../../src/cli/terminal.js'

const options: TerminalOptions = { json: false, plain: false, quiet: false, verbose: false, color: false }

/** A progress line whose output is kept. */
function watched(changes: Partial<TerminalOptions> = {}, isTTY = false) {
  const written: string[] = []
  const stderr = { write: (text: string) => written.push(text) > 0, isTTY, columns: 60 }
  return { line: new ProgressLine(new Terminal({ ...options, ...changes }, stderr, stderr)), written }
}

describe('ProgressLine', () => {
  beforeEach(() => {
    vi.stubEnv('CI', '')
    vi.stubEnv('TERM', 'xterm')
  })
  afterEach(() => vi.unstubAllEnvs())

  it('writes plain lines where there is no terminal, one for each change of phase', () => {
    const { line, written } = watched()

    line.show({ phase: 'replaying', done: 0, total: 1_200 })
    line.show({ phase: 'replaying', done: 700, total: 1_200 })
    line.show({ phase: 'waiting', done: 1_200, total: 1_200, waitingFor: ['psql of ada'] })
    line.clear()

    expect(written).toEqual(['replaying 0/1,200 events\n', 'waiting for psql of ada\n'])
  })

  it('draws a bar on a terminal that never wraps, and clears it', () => {
    const { line, written } = watched({}, true)

    line.show({ phase: 'waiting', done: 1, total: 2, waitingFor: ['a reader with a long name '.repeat(4)] })
    line.clear()

    const [drawn = '', cleared] = written
    expect(drawn).toContain('[████████████░░░░░░░░░░░░] waiting for a reader')
    expect(drawn.replace('\r\u001B[2K', '')).toHaveLength(59)
    expect(cleared).toBe('\r\u001B[2K')
  })

  it('writes one document per line with --json, on a terminal too', () => {
    const { line, written } = watched({ json: true }, true)

    line.show({ phase: 'replaying', done: 0, total: 2 })

    expect(JSON.parse(written.join(''))).toEqual({
      progress: { phase: 'replaying', done: 0, total: 2, rate: 0 },
    })
  })

  it('says nothing with --quiet', () => {
    for (const isTTY of [true, false]) {
      const { line, written } = watched({ quiet: true }, isTTY)
      line.show({ phase: 'replaying', done: 1, total: 2 })
      line.clear()
      expect(written).toEqual([])
    }
  })
})
