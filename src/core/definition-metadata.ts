import { DefinitionError } from './errors/definition-error.js'

/** What a decorator on a method has recorded, unchecked: JavaScript can pass anything. */
export interface MethodRecord {
  readonly decorator: 'Handles' | 'Applies' | 'Projects'
  readonly method: string | symbol
  readonly isStatic: boolean
  /** The event or command class that the decorator was given. */
  readonly message: unknown
  readonly options: unknown
}

/** What a decorator on a class has recorded, unchecked. */
export interface ClassRecord {
  readonly decorator: 'Aggregate' | 'Projection'
  readonly options: unknown
}

/** All that decorators have recorded on one class, methods in the order of the class's text. */
export interface DefinitionRecords {
  readonly classes: readonly ClassRecord[]
  readonly methods: readonly MethodRecord[]
}

/** A class, of which nothing more is known. */
export type AnyClass = abstract new (...args: never[]) => unknown

const key = Symbol.for('reprise/definition')
const nothing: DefinitionRecords = { classes: [], methods: [] }

/** What is recorded on this very class; what its parents carry is theirs. */
export function recordsOf(definedClass: AnyClass): DefinitionRecords {
  return Object.hasOwn(definedClass, key) ? (Reflect.get(definedClass, key) as DefinitionRecords) : nothing
}

/**
 * Makes a decorator that records what it was given on the class of the method.
 *
 * @throws {@link DefinitionError} when it is run as a standard decorator, which does not see the class
 */
export function methodRecorder(
  record: Omit<MethodRecord, 'method' | 'isStatic'>,
): (target: unknown, key: unknown) => void {
  return (target, method) => {
    if (typeof method !== 'string' && typeof method !== 'symbol') throw standardDecorator(record.decorator)
    const isStatic = typeof target === 'function'
    const definedClass = (isStatic ? target : (target as object).constructor) as AnyClass
    const { classes, methods } = recordsOf(definedClass)
    write(definedClass, { classes, methods: [...methods, { ...record, method, isStatic }] })
  }
}

/**
 * Makes a decorator that records what it was given on a class.
 *
 * @throws {@link DefinitionError} when it is run as a standard decorator
 */
export function classRecorder(record: ClassRecord): (target: AnyClass, context?: unknown) => void {
  return (definedClass, context) => {
    if (context !== undefined) throw standardDecorator(record.decorator)
    const { classes, methods } = recordsOf(definedClass)
    write(definedClass, { classes: [...classes, record], methods })
  }
}

function write(definedClass: AnyClass, records: DefinitionRecords): void {
  Object.defineProperty(definedClass, key, { value: records, configurable: true })
}

function standardDecorator(name: string): DefinitionError {
  return new DefinitionError([
    `@${name} was run as a standard decorator, which does not work at run time yet: ` +
      `set "experimentalDecorators": true in tsconfig.json`,
  ])
}
