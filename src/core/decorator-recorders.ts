import {
  type AnyClass,
  type ClassRecord,
  type DefinitionRecords,
  type MethodRecord,
  ownRecords,
  record,
} from './definition-metadata.js'
import { DefinitionError } from './errors/definition-error.js'

/** What a decorator of a method was given. */
export type MethodArguments = Omit<MethodRecord, 'method' | 'isStatic'>

/** A decorated method of a class that is not known yet. */
interface Remembered {
  readonly method: object
  readonly record: MethodRecord
}

// A standard decorator of a method does not see the class. What it was given waits here for whoever does.
const byMethod = new WeakMap<object, readonly MethodRecord[]>()
// Where the run time knows `Symbol.metadata`, the decorators of a class share an object that tells them apart.
const byMetadata = new WeakMap<object, readonly MethodRecord[]>()
// Since the last class decorator.
let unclaimed: readonly Remembered[] = []

/**
 * Makes a decorator that records what it was given about a method, in both decorator modes.
 *
 * As a standard decorator it remembers the function, which the class decorator, that runs last, looks for in its class.
 * A decorator above it that puts another function in its place hides it; the class then carries it as `hidden`.
 *
 * @throws {@link DefinitionError} on anything but a method with a public name
 */
export function methodRecorder(given: MethodArguments): (target: unknown, key: unknown) => void {
  return (target, key) => {
    if (typeof key === 'object' && key !== null) {
      remember(given, target, key as ClassMemberDecoratorContext)
      return
    }
    const isStatic = typeof target === 'function'
    const definedClass = (isStatic ? target : (target as object).constructor) as AnyClass
    record(definedClass, { methods: [{ ...given, method: key as string | symbol, isStatic }] })
  }
}

/** Makes a decorator that records what it was given about a class, in both decorator modes. */
export function classRecorder(given: ClassRecord): (target: AnyClass, context?: unknown) => void {
  return (definedClass, context) => {
    if (context !== undefined) {
      const { metadata } = context as { readonly metadata?: object }
      record(definedClass, claim(definedClass, metadata))
    }
    record(definedClass, { classes: [given] })
  }
}

/** All that is recorded on a class, also by standard decorators of methods where none of the class has run. */
export function recordsOf(definedClass: AnyClass): DefinitionRecords {
  const known = ownRecords(definedClass)
  if (known !== undefined) return known
  const methods = methodsFoundOn(definedClass)
  // They are not those that the next class lacks.
  unclaimed = unclaimed.filter(({ record }) => !methods.includes(record))
  return { classes: [], methods, hidden: [] }
}

function remember(given: MethodArguments, target: unknown, context: ClassMemberDecoratorContext): void {
  const { kind, name, static: isStatic, private: isPrivate } = context
  if (kind !== 'method' || isPrivate) {
    throw new DefinitionError([
      `@${given.decorator} ${String(name)} must be on a method, and on none with a # name, which nobody can call`,
    ])
  }
  const method = target as object
  const record = { ...given, method: name, isStatic }
  append(byMethod, method, record)
  // Declared as always there; it is only where the run time has `Symbol.metadata`.
  const { metadata } = context as { readonly metadata?: object }
  if (metadata !== undefined) append(byMetadata, metadata, record)
  unclaimed = [...unclaimed, { method, record }]
}

/** What decorators of methods have remembered for a class. */
function claim(definedClass: AnyClass, metadata: object | undefined): Omit<DefinitionRecords, 'classes'> {
  const waiting = unclaimed
  unclaimed = []
  if (metadata !== undefined) {
    const methods = byMetadata.get(metadata) ?? []
    return { methods: instanceMethodsFirst(methods), hidden: [] }
  }
  const hidden = waiting.filter((it) => isReplacedIn(definedClass, it)).map((it) => it.record)
  return { methods: methodsFoundOn(definedClass), hidden }
}

/** As legacy decorators run: standard ones of static methods come first. */
function instanceMethodsFirst(methods: readonly MethodRecord[]): readonly MethodRecord[] {
  return [...methods.filter((it) => !it.isStatic), ...methods.filter((it) => it.isStatic)]
}

function methodsFoundOn(definedClass: AnyClass): readonly MethodRecord[] {
  return [definedClass.prototype as object, definedClass].flatMap((owner) =>
    Reflect.ownKeys(owner).flatMap((name) => recordsOfMethod(owner, name)),
  )
}

function recordsOfMethod(owner: object, name: string | symbol): readonly MethodRecord[] {
  const method: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value
  // An alias of a decorated method is not decorated itself.
  return (byMethod.get(method as object) ?? []).filter((it) => it.method === name)
}

/**
 * Whether a remembered method is one of this class that was replaced: then the class has something else of its name,
 * which nothing was remembered of. A method that a parent still has belongs to the parent. What looks the same is a
 * method of an earlier class that nobody defined as anything, which is of no use, and better decorated or not at all.
 */
function isReplacedIn(
  definedClass: AnyClass,
  { method, record: { method: name, isStatic } }: Remembered,
): boolean {
  const owner = isStatic ? definedClass : (definedClass.prototype as object)
  const own: unknown = Object.getOwnPropertyDescriptor(owner, name)?.value
  return typeof own === 'function' && !byMethod.has(own) && !inheritsOwn(owner, name, method)
}

function inheritsOwn(owner: object, name: string | symbol, method: object): boolean {
  for (let parent = Reflect.getPrototypeOf(owner); parent !== null; parent = Reflect.getPrototypeOf(parent)) {
    if (Object.getOwnPropertyDescriptor(parent, name)?.value === method) return true
  }
  return false
}

function append(records: WeakMap<object, readonly MethodRecord[]>, key: object, added: MethodRecord): void {
  records.set(key, [...(records.get(key) ?? []), added])
}
