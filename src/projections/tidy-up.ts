import type { ProjectionParts } from './projection-feed.js'

/** Drops what is not needed any more. What cannot be dropped now changes no outcome: the next rebuild drops it. */
export async function tidyUp<Tx, T>(
  { model, logger }: Pick<ProjectionParts<Tx>, 'model' | 'logger'>,
  drop: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await drop()
  } catch (error) {
    const facts = { projection: model.name, error: String(error) }
    logger.warn(facts, 'a generation could not be dropped; the next rebuild will try')
    return undefined
  }
}
