import { RepriseError } from './reprise-error.js'

/** A setting is missing or cannot be used. The message says what is wrong and what to set, never a secret value. */
export class ConfigurationError extends RepriseError {
  readonly setting: string

  constructor(setting: string, problem: string, cause?: unknown) {
    super('REPRISE_CONFIGURATION', `the setting ${setting} ${problem}`, { setting }, { cause })
    this.setting = setting
  }
}
