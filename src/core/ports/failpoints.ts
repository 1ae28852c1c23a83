/**
 * Named steps at which a process may die, pause or lose a connection. `in` marks those inside an open transaction.
 *
 * A test puts its own behaviour here to try each of them. What is shipped does nothing, and no option, variable or export
 * can put anything else in its place.
 */
export const FAILPOINTS = [
  'append:before',
  'append:in',
  'append:after',
  'publish:before',
  'publish:after',
  'settle:before',
  'settle:in',
  'settle:after',
  'deliver:before',
  'checkpoint:in',
  'apply:in',
  'park:in',
  'commit:in',
  'commit:after',
  'attempt:after',
  'renew:before',
  'renew:after',
] as const
export type Failpoint = (typeof FAILPOINTS)[number]

/** Told of each step as it is reached; the step goes on when the answer does. */
export interface Failpoints {
  reach(point: Failpoint): Promise<void> | void
}

/** Lets every step go on. */
export const noFailpoints: Failpoints = { reach: () => undefined }
