import { type AnyClass, type MethodRecord, record } from './definition-metadata.js'

/** The methods that a definition without decorators names, each with its message, or with that and options. */
export type NamedMethods = Readonly<Record<string, unknown>>

/** Records methods by name, as a decorator on each of them would. */
export function recordMethods(
  definedClass: AnyClass,
  decorator: MethodRecord['decorator'],
  methods: NamedMethods | undefined,
): void {
  for (const [method, entry] of Object.entries(methods ?? {})) {
    const [message, options] = (Array.isArray(entry) ? entry : [entry]) as readonly unknown[]
    record(definedClass, {
      methods: [{ decorator, method, isStatic: false, message, options: options ?? {} }],
    })
  }
}
