import { RepriseError } from './reprise-error.js'

/**
 * An app did not come to its end in order within the time it had, and its connections were cut. It is as if the process had
 * been killed: nothing that was committed is lost, and the next start goes on from there.
 */
export class StopTimedOut extends RepriseError {
  constructor(unfinished: string, timeoutMs: number) {
    super(
      'REPRISE_STOP_TIMED_OUT',
      `the app was not stopped within ${timeoutMs} ms: ${unfinished} had not ended, and its connections were cut; ` +
        'nothing that was committed is lost, and the next start goes on from there',
      { unfinished, timeoutMs },
    )
  }
}
