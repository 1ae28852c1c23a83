import type { Logger } from '../../src/core/ports/logger.js'

export interface LoggedLine {
  readonly level: keyof Logger
  readonly facts: object
  readonly message: string
}

/** Remembers what was logged. */
export class RecordingLogger implements Logger {
  readonly lines: LoggedLine[] = []

  debug(facts: object, message: string): void {
    this.lines.push({ level: 'debug', facts, message })
  }

  info(facts: object, message: string): void {
    this.lines.push({ level: 'info', facts, message })
  }

  warn(facts: object, message: string): void {
    this.lines.push({ level: 'warn', facts, message })
  }

  error(facts: object, message: string): void {
    this.lines.push({ level: 'error', facts, message })
  }

  at(level: keyof Logger): readonly LoggedLine[] {
    return this.lines.filter((line) => line.level === level)
  }
}

/** What a process said each time that it left a projection, or effects, to others. */
export const leftToOthers = (logger: RecordingLogger): readonly LoggedLine[] =>
  logger.at('warn').filter(({ message }) => message.includes('to others: its build may not'))
