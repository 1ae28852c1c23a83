import {
  describeSettingsHere,
  type SettingDescription,
  type SettingValue,
} from '../../app/describe-settings.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'
import { table } from '../table.js'

/** Shows every setting as a start here would use it, and where it came from. Connects to nothing, and shows no secret. */
export async function showConfiguration(context: CommandContext): Promise<void> {
  const { definition } = await LoadedApp.load(context)
  const settings = await describeSettingsHere(definition)
  context.terminal.answer({ settings }, () =>
    table(
      ['SETTING', 'VALUE', 'SOURCE'],
      settings.map((it) => [it.name, shownValue(it), it.source]),
      context.options,
    ),
  )
}

function shownValue({ value, effective }: SettingDescription): string {
  return effective === undefined ? textOf(value) : `${textOf(value)} (here ${effective})`
}

function textOf(value: SettingValue): string {
  if (value === null) return '-'
  return typeof value === 'object' ? value.join(', ') : String(value)
}
