import type { Check } from '../../app/doctor/check.js'
import { examine, examineWithout } from '../../app/doctor/doctor.js'
import { settingsFor } from '../../app/settings.js'
import { ConfigurationError } from '../../core/errors/index.js'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'
import { table } from '../table.js'

/**
 * Says how everything is that the app runs on, with a remedy where something is wrong. Works while things are down, and
 * starts and changes nothing.
 *
 * @throws {@link CliError} when there is a problem; warnings are none
 */
export async function doctor(context: CommandContext): Promise<void> {
  const app = await LoadedApp.load(context)
  const checks = await checksOf(app)
  const problems = checks.filter(({ state }) => state === 'problem').length
  const { terminal, options } = context
  terminal.answer({ healthy: problems === 0, problems, checks }, () =>
    table(['STATE', 'CHECK', 'FACT'], checks.map(rowOf), options),
  )
  if (problems === 0) return
  const count = problems === 1 ? '1 problem was' : `${problems} problems were`
  throw new CliError('DIFFERENT', `${count} found: each line above says what to do`)
}

/** A setting that cannot be used is a finding like any other. */
async function checksOf({ model, definition }: LoadedApp): Promise<readonly Check[]> {
  try {
    return await examine(model, settingsFor(definition))
  } catch (error) {
    if (error instanceof ConfigurationError) return examineWithout(error)
    throw error
  }
}

function rowOf({ state, check, fact, remedy }: Check): readonly string[] {
  return [state, check, remedy === undefined ? fact : `${fact} → ${remedy}`]
}
