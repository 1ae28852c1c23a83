import { recordsOf } from './decorator-recorders.js'
import type { AnyClass, ClassRecord, MethodRecord } from './definition-metadata.js'

/** A method of a user's class, called with an instance as `this`. */
export type DecoratedMethod = (this: object, ...parameters: unknown[]) => unknown

/** Takes what is wrong with a definition; its maker knows which one. */
export type ReportFault = (fault: string) => void

/** What a class says, as far as it is what it should be. */
export interface ClassDefinition {
  /** What JavaScript may have passed. */
  readonly options: Readonly<Record<string, unknown>>
  readonly methods: readonly MethodRecord[]
}

const AsyncFunction = (async () => {}).constructor

/** What is recorded on a class, or undefined, with a fault, if it is not decorated as it should be. */
export function classDefinition(
  definedClass: AnyClass,
  decorator: ClassRecord['decorator'],
  report: ReportFault,
): ClassDefinition | undefined {
  const { classes, methods, hidden } = recordsOf(definedClass)
  const [record, second] = classes
  const subject = definedClass.name === '' ? classText(definedClass) : `class ${definedClass.name}`
  if (record === undefined && methods.length > 0) {
    const listed = methods.map(describeMethod).join(', ')
    report(`${subject} has decorated methods (${listed}) and needs @${decorator} itself`)
    return undefined
  }
  if (record?.decorator !== decorator || second !== undefined) {
    report(`${subject} must be decorated with @${decorator}, once`)
    return undefined
  }
  for (const method of hidden) {
    report(
      `${subject}: ${describeMethod(method)} is hidden by another decorator of the method, ` +
        `which replaces it: put @${method.decorator} on top`,
    )
  }
  return { options: (record.options ?? {}) as Readonly<Record<string, unknown>>, methods }
}

/** How faults name a class, which may have no name. */
export function classText({ name }: { readonly name: string }): string {
  return name === '' ? 'an anonymous class' : name
}

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
  report(
    record.isStatic || found !== undefined
      ? `${describeMethod(record)} must be a method of instances`
      : `${classText(definedClass)} has no method ${String(record.method)}`,
  )
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
  if (isAsync(method)) report(`${describeMethod(record)} must not be async`)
  return method
}

/** Whether a function is declared async. */
export function isAsync(method: unknown): boolean {
  return method instanceof AsyncFunction
}

/** What an import cycle looks like to a decorator, which is how most of these faults come about. */
export const notAClass = (kind: 'an event' | 'a command') =>
  `needs ${kind} class (undefined if its file imports this one)`
