import { ConfigurationError } from '../core/errors/index.js'

/** Where settings come from that were not given as options. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What a variable holds. One that is empty counts as not set. */
export function variable(environment: Environment, name: string): string | undefined {
  const value = environment[name]
  return value === '' ? undefined : value
}

/** @throws {@link ConfigurationError} for what is neither true nor false */
export function flag(environment: Environment, name: string): boolean | undefined {
  const value = variable(environment, name)
  if (value === undefined) return undefined
  if (value === 'true' || value === '1') return true
  if (value === 'false' || value === '0') return false
  throw new ConfigurationError(name, 'must be true or false')
}

/** @throws {@link ConfigurationError} for what is no whole number, or below `least` */
export function wholeNumber(
  name: string,
  option: number | undefined,
  environment: Environment,
  least: number,
): number | undefined {
  const value = option ?? variable(environment, name)
  if (value === undefined) return undefined
  const number = Number(value)
  if (Number.isSafeInteger(number) && number >= least) return number
  throw new ConfigurationError(name, `must be a whole number from ${least} on`)
}

/** The parts of a list with commas, without blanks around them. */
export function listOf(text: string): readonly string[] {
  return text
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '')
}
