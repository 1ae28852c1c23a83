/** Structured logging: facts first, then one sentence. The shape of pino, so that a pino logger serves as it is. */
export interface Logger {
  debug(facts: object, message: string): void
  info(facts: object, message: string): void
  warn(facts: object, message: string): void
  error(facts: object, message: string): void
}
