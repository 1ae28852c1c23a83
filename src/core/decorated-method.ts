import type { AnyClass, MethodRecord } from './definition-metadata.js'

/** A method of a user's class, called with an instance as `this`. */
export type DecoratedMethod = (this: object, ...parameters: unknown[]) => unknown

/** Takes what is wrong with a definition; its maker knows which one. */
export type ReportFault = (fault: string) => void

const AsyncFunction = (async () => {}).constructor

/** How faults and descriptions name a decorated method: `@Applies deposited`. */
export function describeMethod({ decorator, method, isStatic }: MethodRecord): string {
  return `@${decorator} ${isStatic ? 'static ' : ''}${String(method)}`
}

/** The function behind a decorated method, or undefined if there is none that has an instance as `this`. */
export function decoratedMethod(
  definedClass: AnyClass,
  record: MethodRecord,
  report: ReportFault,
): DecoratedMethod | undefined {
  const found: unknown = Reflect.get(definedClass.prototype as object, record.method)
  if (!record.isStatic && typeof found === 'function') return found as DecoratedMethod
  report(`${describeMethod(record)} must be a method of instances`)
  return undefined
}

/**
 * Like {@link decoratedMethod}, for methods that must be done when they return. Sees what is declared async;
 * a method that merely returns a promise shows only when it runs.
 */
export function synchronousMethod(
  definedClass: AnyClass,
  record: MethodRecord,
  report: ReportFault,
): DecoratedMethod | undefined {
  const method = decoratedMethod(definedClass, record, report)
  if (method instanceof AsyncFunction) report(`${describeMethod(record)} must not be async`)
  return method
}

/** What an import cycle looks like to a decorator, which is how most of these faults come about. */
export const notAClass = (kind: 'an event' | 'a command') =>
  `needs ${kind} class (undefined if its file imports this one)`
