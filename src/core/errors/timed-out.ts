import { RepriseError } from './reprise-error.js'

/** Something that was waited for did not come in time. What was waited for may still happen. */
export class TimedOut extends RepriseError {
  readonly timeoutMs: number

  constructor(waitedFor: string, timeoutMs: number, facts: Readonly<Record<string, unknown>> = {}) {
    super(
      'REPRISE_TIMED_OUT',
      `waited ${timeoutMs} ms for ${waitedFor}, in vain: it may still come, so look again or wait longer`,
      { ...facts, timeoutMs },
      { retriable: true },
    )
    this.timeoutMs = timeoutMs
  }
}
