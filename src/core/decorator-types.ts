/** Nothing is this text: it stands where a method does not fit, so that the compiler says why. */
type MustBeSynchronous = 'must be synchronous: it must not return a promise, not even sometimes'
type MustReturnNothing = 'must be synchronous and return nothing, or null to delete the row'

/** A method that does not return a promise, not even sometimes; else nothing that exists. */
export type Synchronous<M> = M extends (...args: never[]) => infer R
  ? [Extract<R, PromiseLike<unknown>>] extends [never]
    ? unknown
    : MustBeSynchronous
  : unknown

/** A method that returns nothing or null, and so no promise either; else nothing that exists. */
export type ReturnsNothingOrNull<M> = M extends (...args: never[]) => infer R
  ? // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- what a method without return gives
    [R] extends [void | null]
    ? unknown
    : MustReturnNothing
  : unknown

/** What a definition may name for a method that passes `Check`; else why it does not pass. */
export type IfFitting<Check, T> = unknown extends Check ? T : Check

/** A method that can be called from outside: neither static nor with a # name. */
export type InstanceMethodContext<This = unknown> = ClassMethodDecoratorContext<This> & {
  readonly static: false
  readonly private: false
}

/**
 * A decorator for synchronous methods that can take the parameters `P`. The two forms are those of
 * standard decorators and of `experimentalDecorators`.
 */
export interface SynchronousMethodDecorator<P extends unknown[]> {
  <M extends (...args: P) => unknown>(method: M & Synchronous<M>, context: InstanceMethodContext): void
  <M extends (...args: P) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & Synchronous<M>,
  ): void
}

/** A decorator for methods that can take the parameters `P` and give a promise, in both decorator modes. */
export interface AsynchronousMethodDecorator<P extends unknown[]> {
  <M extends (...args: P) => PromiseLike<unknown>>(method: M, context: InstanceMethodContext): void
  <M extends (...args: P) => PromiseLike<unknown>>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M>,
  ): void
}

/** A decorator for classes that are a `C`, in both decorator modes. */
export type TypedClassDecorator<C> = <K extends C>(target: K, context?: ClassDecoratorContext) => void
