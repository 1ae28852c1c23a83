import { describe, expect, it } from 'vitest'
import { Trouble } from '../../src/core/trouble.js'
import { RecordingLogger } from '../support/recording-logger.js'

const texts = { fails: 'the log could not be read', over: 'the log can be read again' }

/** A trouble under a clock that is set by hand. */
function troubled() {
  const logger = new RecordingLogger()
  const clock = { now: 0 }
  const trouble = new Trouble(logger, texts, () => clock.now)
  /** Fails every so many milliseconds, for so long. */
  const failFor = (milliseconds: number, every: number): void => {
    for (const end = clock.now + milliseconds; clock.now < end; clock.now += every)
      trouble.failed({ error: 'gone' })
  }
  return { logger, clock, trouble, failFor }
}

describe('Trouble', () => {
  it('is told when it begins, once a minute while it lasts, and when it is over', () => {
    const { logger, trouble, failFor } = troubled()

    failFor(150_000, 500)
    trouble.worked({ group: 'g' })

    expect(logger.at('warn')).toEqual([
      { level: 'warn', facts: { error: 'gone' }, message: texts.fails },
      { level: 'warn', facts: { error: 'gone', failures: 121, forMs: 60_000 }, message: texts.fails },
      { level: 'warn', facts: { error: 'gone', failures: 241, forMs: 120_000 }, message: texts.fails },
    ])
    expect(logger.at('debug')).toHaveLength(300 - 3)
    expect(logger.at('info')).toEqual([
      { level: 'info', facts: { group: 'g', failures: 300, forMs: 150_000 }, message: texts.over },
    ])
  })

  it('is told anew when it comes again', () => {
    const { logger, trouble, failFor } = troubled()
    failFor(1_000, 500)
    trouble.worked()
    failFor(1_000, 500)

    expect(logger.lines.map(({ level }) => level)).toEqual(['warn', 'debug', 'info', 'warn', 'debug'])
  })

  it('says nothing of what works', () => {
    const { logger, trouble } = troubled()

    trouble.worked()

    expect(logger.lines).toEqual([])
  })
})
