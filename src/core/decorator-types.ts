/** A method that does not return a promise, not even sometimes; else nothing that exists. */
export type Synchronous<M> = M extends (...args: never[]) => infer R
  ? [Extract<R, PromiseLike<unknown>>] extends [never]
    ? unknown
    : never
  : unknown

/** A method that returns nothing, and so no promise either; else nothing that exists. */
export type ReturnsNothing<M> = M extends (...args: never[]) => infer R
  ? // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- what a method without return gives
    [R] extends [void]
    ? unknown
    : never
  : unknown

/**
 * A decorator for synchronous methods that can take the parameters `P`. The two forms are those of
 * standard decorators and of `experimentalDecorators`.
 */
export interface SynchronousMethodDecorator<P extends unknown[]> {
  <M extends (...args: P) => unknown>(method: M & Synchronous<M>, context: ClassMethodDecoratorContext): void
  <M extends (...args: P) => unknown>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & Synchronous<M>,
  ): void
}

/** A decorator for classes that are a `C`, in both decorator modes. */
export type TypedClassDecorator<C> = <K extends C>(target: K, context?: ClassDecoratorContext) => void
