import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export interface Arguments {
  readonly data: string
  readonly json: boolean
  readonly fresh: boolean
  /** Leave out lines that are malformed or refused, instead of stopping at the first. */
  readonly skipBad: boolean
  /** How many transfers to make after the import. */
  readonly transfers: number
  /** Serve the roles of this process until it is interrupted, and import nothing. */
  readonly serve: boolean
  readonly verbose: boolean
  readonly help: boolean
}

/** The command line asks for something that does not exist. */
export class WrongUsage extends Error {}

/** The excerpt that comes with the example. */
const SHIPPED_DATA = fileURLToPath(new URL('../data/berka-excerpt.csv', import.meta.url))

/** @throws {@link WrongUsage} */
export function argumentsOf(words: readonly string[]): Arguments {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        data: { type: 'string', default: SHIPPED_DATA },
        json: { type: 'boolean', default: false },
        fresh: { type: 'boolean', default: false },
        'skip-bad': { type: 'boolean', default: false },
        transfers: { type: 'string', default: '0' },
        serve: { type: 'boolean', default: false },
        verbose: { type: 'boolean', short: 'v', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.serve) refuseBesideServe(words)
    if (values.data === '') throw new Error('--data needs the path of a file')
    const { 'skip-bad': skipBad, ...others } = values
    return { ...others, skipBad, transfers: countOf('--transfers', values.transfers) }
  } catch (error) {
    throw new WrongUsage(`${problemOf(error)}; npm start -- --help lists the flags`, { cause: error })
  }
}

function refuseBesideServe(words: readonly string[]): void {
  const other = words.find((word) => !['--serve', '--verbose', '-v', '--help', '-h'].includes(word))
  if (other !== undefined) throw new Error(`--serve imports nothing: leave out ${other}`)
}

function countOf(flag: string, value: string): number {
  if (/^\d{1,6}$/.test(value)) return Number(value)
  throw new Error(`${flag} needs a whole number up to 999999, not ${JSON.stringify(value)}`)
}

/** Node explains at length how to pass what it takes for a mistyped positional; the first sentence says it. */
function problemOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error)
  const [sentence = message] = message.split('. ')
  return sentence.charAt(0).toLowerCase() + sentence.slice(1)
}

export const HELP = `Books a bank's transactions as commands, projects them, and compares every balance with the bank's.

Usage: npm start -- [flags]

  --data FILE    transactions in the format of examples/banking/data/README.md
                 (default: the excerpt that comes with the example)
  --json         one JSON document on standard output instead of the summary
  --fresh        begin again: drop this example's schemas and topics first
  --skip-bad     leave out lines that are malformed or refused, and name them, instead of stopping at the first
  --transfers N  then pass a crown round the richest accounts, N transfers in all, and show the sum of all balances
  --serve        import nothing: do what REPRISE_ROLES says until Ctrl-C
  -v, --verbose  log everything as JSON lines on standard error; show stack traces
  -h, --help     show this

Environment:
  DATABASE_URL        a Postgres 15 or newer (default: an embedded one in .reprise/)
  READ_DATABASE_URL   another one for the read models (default: the same)
  KAFKA_BROKERS       host:port, goes through Kafka (default: the Postgres log)
  REPRISE_LOG         postgres or kafka, where both could be meant
  REPRISE_ROLES       what this process does, of api, relay, projections (default: all)
  REPRISE_HEALTH_PORT where --serve tells /livez and /readyz (default: nowhere)
  REPRISE_LEASE_MS    how long a killed run keeps its share of the work (default: 15000)

The JSON document counts this process' own work. eventsStored is what it appended; a transaction or transfer that an
earlier run made is one of alreadyKnown and appends nothing. eventsApplied is the sum over all projections. transactions
and accounts are those of the file; mismatches are accounts whose balance is more than 1.00 CZK away from the bank's.
With --skip-bad, skipped are the lines left out; with --transfers, totalBefore and totalAfter are sums in hellers.

Exit codes: 0 every balance agrees · 1 failed · 2 wrong usage or setting · 3 refused · 4 a balance differs ·
5 timed out · 130 and 143 interrupted, as --serve ends
`
