import { ownRecords } from './definition-metadata.js'
import type { DecoratedMethod } from './decorated-method.js'
import type { EventSourceRef } from './event-source.js'

/** A source as it is declared: what a class is called in the code may change. */
export function sourceText(source: EventSourceRef): string {
  if (typeof source !== 'function') return `contract ${source.name}`
  const [declared] = ownRecords(source)?.classes ?? []
  const name: unknown = declared && Reflect.get(Object(declared.options), 'name')
  return `aggregate ${typeof name === 'string' ? name : ''}`
}

/** The text that runs of a class and of what it extends, as far as that is the user's. */
export function classTexts(
  userClass: object,
  isFrameworks: (found: object) => boolean = () => false,
): readonly string[] {
  const texts: string[] = []
  let found: unknown = userClass
  while (typeof found === 'function' && found !== Function.prototype && !isFrameworks(found)) {
    texts.push(String(found))
    found = Object.getPrototypeOf(found)
  }
  return texts
}

/** The text of handlers by event type, in the order of the types. */
export function handlerTexts(
  handlers: ReadonlyMap<string, { readonly run: DecoratedMethod }>,
): readonly (readonly [string, string])[] {
  return [...handlers]
    .map(([type, { run }]) => [type, String(run)] as const)
    .sort(([one], [other]) => (one < other ? -1 : 1))
}
