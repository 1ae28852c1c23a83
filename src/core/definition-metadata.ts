/** What is said about a method, unchecked: JavaScript can pass anything. */
export interface MethodRecord {
  readonly decorator: 'Handles' | 'Applies' | 'Projects' | 'Prepares' | 'On'
  readonly method: string | symbol
  readonly isStatic: boolean
  /** The event or command class that the method is for. */
  readonly message: unknown
  readonly options: unknown
}

/** What is said about a class as a whole, unchecked. */
export interface ClassRecord {
  readonly decorator: 'Aggregate' | 'Projection' | 'Preparations' | 'Effects'
  readonly options: unknown
}

/** All that has been recorded on one class. */
export interface DefinitionRecords {
  readonly classes: readonly ClassRecord[]
  /** In the order of the class's text, or of the definition that named them. */
  readonly methods: readonly MethodRecord[]
  /** Decorated methods in whose place another decorator has put something else, which nothing is known of. */
  readonly hidden: readonly MethodRecord[]
}

/** A class, of which nothing more is known. */
export type AnyClass = abstract new (...args: never[]) => unknown

const key = Symbol.for('reprise/definition')
const nothing: DefinitionRecords = { classes: [], methods: [], hidden: [] }

/** What is recorded on this very class, or undefined; what its parents carry is theirs. */
export function ownRecords(definedClass: AnyClass): DefinitionRecords | undefined {
  return Object.hasOwn(definedClass, key) ? (Reflect.get(definedClass, key) as DefinitionRecords) : undefined
}

/** Adds to what is recorded on a class. */
export function record(definedClass: AnyClass, added: Partial<DefinitionRecords>): void {
  const { classes, methods, hidden } = ownRecords(definedClass) ?? nothing
  const value: DefinitionRecords = {
    classes: [...classes, ...(added.classes ?? [])],
    methods: [...methods, ...(added.methods ?? [])],
    hidden: [...hidden, ...(added.hidden ?? [])],
  }
  Object.defineProperty(definedClass, key, { value, configurable: true })
}
