/** Whether the same work, done again, can succeed: what a handler ran into counts as its own failure would. */
export function isTransientFailure(error: unknown, isTransient: (error: unknown) => boolean): boolean {
  if (isTransient(error)) return true
  return error instanceof Error && error.cause !== undefined && isTransient(error.cause)
}
