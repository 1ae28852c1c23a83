import type { Logger } from '../../core/ports/logger.js'

const nothing = (): void => undefined

/** Tests say what failed by themselves. */
export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing }
