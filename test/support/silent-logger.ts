import type { Logger } from '../../src/core/ports/logger.js'

const nothing = (): void => undefined

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
