/** Structured logging: facts first, then one sentence. The shape of pino, so that a pino logger serves as it is. */
export interface Logger {
  /** Something that ends by itself, and only helps to understand a fault. */
  debug(facts: object, message: string): void
  /** Something that was meant to happen. */
  info(facts: object, message: string): void
  /** Something that went wrong, and is tried again or gone round. */
  warn(facts: object, message: string): void
  /** Something that stays wrong until somebody acts, such as a projection that has stopped. */
  error(facts: object, message: string): void
}
