import { parseArgs } from 'node:util'

/** What a run was asked for on the command line. */
export interface Arguments {
  readonly seconds: number
  readonly seed: number
  readonly log: 'postgres' | 'kafka'
  /** Names of nemeses; `all` and `none` too. */
  readonly mix: readonly string[]
  /** Where the facts and the report stay; a folder of its own that is removed after a good run, if undefined. */
  readonly keep: string | undefined
  /** A planted fault, or all of them. */
  readonly planted: string | undefined
}

export const USAGE =
  'npm run chaos -- [--seconds S] [--seed N] [--log postgres|kafka] [--mix all|none|name,…] [--keep folder] [--planted all|name]'

/** @throws an error whose message says what is wrong with them */
export function argumentsFrom(given: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...given],
    options: {
      seconds: { type: 'string', default: '60' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      log: { type: 'string', default: 'postgres' },
      mix: { type: 'string', default: 'all' },
      keep: { type: 'string' },
      planted: { type: 'string' },
    },
  })
  const { log, keep, planted } = values
  if (log !== 'postgres' && log !== 'kafka') throw new Error(`--log is postgres or kafka, not ${log}`)
  return {
    seconds: wholeNumber('seconds', values.seconds, 10),
    seed: wholeNumber('seed', values.seed, 0),
    log,
    mix: values.mix.split(',').filter((it) => it !== ''),
    keep,
    planted,
  }
}

/** The command that does a run again. */
export const reproOf = ({ seconds, seed, log, mix, planted }: Arguments): string =>
  `npm run chaos -- --seconds ${seconds} --seed ${seed} --log ${log} --mix ${mix.join(',')}` +
  (planted === undefined ? '' : ` --planted ${planted}`)

function wholeNumber(name: string, text: string, least: number): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number >= least) return number
  throw new Error(`--${name} is a whole number from ${least} on, not ${text}`)
}
