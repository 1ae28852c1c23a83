import { RepriseError } from './reprise-error.js'

/**
 * The app was asked for something while it was stopping, or afterwards. What it had accepted before is stored. Not
 * retriable on this app: start it again, or ask another process.
 */
export class AppStopped extends RepriseError {
  constructor(consequence: string) {
    super('REPRISE_APP_STOPPED', `the app is stopping, or has stopped: ${consequence}`, {})
  }
}
