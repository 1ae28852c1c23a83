import type { ErrorCode } from './codes.js'

const brand = Symbol.for('reprise/error')

/** What a {@link RepriseError} may be given beside its message and facts. */
export interface RepriseErrorOptions {
  /** What led to it, for whoever looks for the fault. @defaultValue nothing */
  readonly cause?: unknown
  /** True if the same call may succeed later with nothing else changed. @defaultValue false */
  readonly retriable?: boolean
}

/**
 * The base of every error this framework throws on purpose. Its `code` is stable across releases, its
 * `facts` are the values that are needed to act on it. Facts appear in logs and on the terminal: secrets
 * never belong in them.
 *
 * @example
 * try {
 *   await app.execute(command)
 * } catch (error) {
 *   if (!RepriseError.is(error) || error.code !== 'REPRISE_COMMAND_REJECTED') throw error
 *   refuse(error.message, error.facts)
 * }
 */
export class RepriseError extends Error {
  readonly code: ErrorCode
  readonly facts: Readonly<Record<string, unknown>>
  readonly retriable: boolean

  constructor(
    code: ErrorCode,
    message: string,
    facts: Readonly<Record<string, unknown>> = {},
    options: RepriseErrorOptions = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = new.target.name
    this.code = code
    this.facts = Object.freeze({ ...facts })
    this.retriable = options.retriable ?? false
  }

  /** Recognises an error of this framework even when two copies of the package are loaded. */
  static is(error: unknown): error is RepriseError {
    return typeof error === 'object' && error !== null && brand in error
  }
}

// On the prototype, so that the brand is not an own property that loggers and comparisons would show.
Object.defineProperty(RepriseError.prototype, brand, { value: true })
