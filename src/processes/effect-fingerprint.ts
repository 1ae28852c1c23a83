import { createHash } from 'node:crypto'
import { classTexts, handlerTexts, sourceText } from '../core/definition-text.js'
import type { EffectsModel } from './effects-model.js'

/**
 * Tells builds of a class of effects apart: equal where the class and its handlers have the same text, and the same sources.
 * It decides nothing but which letters are offered: any build may act that has a handler for all that is acted on.
 */
export function effectFingerprint({ sources, effectsClass, handlers }: EffectsModel): string {
  const definition = {
    kind: 'effect',
    from: sources.map(sourceText).sort(),
    classes: classTexts(effectsClass),
    handlers: handlerTexts(handlers),
  }
  return createHash('sha256').update(JSON.stringify(definition)).digest('hex')
}
