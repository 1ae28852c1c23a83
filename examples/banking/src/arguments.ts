import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

export interface Arguments {
  readonly data: string
  readonly json: boolean
  readonly fresh: boolean
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
        verbose: { type: 'boolean', short: 'v', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (values.data === '') throw new Error('--data needs the path of a file')
    return values
  } catch (error) {
    throw new WrongUsage(`${problemOf(error)}; npm start -- --help lists the flags`, { cause: error })
  }
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
  -v, --verbose  log everything as JSON lines on standard error; show stack traces
  -h, --help     show this

Environment:
  DATABASE_URL        a Postgres 15 or newer (default: an embedded one in .reprise/)
  KAFKA_BROKERS       host:port, goes through Kafka (default: the Postgres log)
  REPRISE_LOG         postgres or kafka, where both could be meant
  REPRISE_LEASE_MS    how long a killed run keeps its share of the work (default: 15000)

The JSON document counts this run's own work. eventsStored is what it appended; a transaction that an earlier run booked
is one of alreadyKnown and appends nothing. eventsApplied is the sum over both projections. transactions and accounts are
those of the file; mismatches are accounts whose balance is more than 1.00 CZK away from the bank's.

Exit codes: 0 every balance agrees · 1 failed · 2 wrong usage or setting · 3 refused · 4 a balance differs ·
5 timed out · 130 and 143 interrupted
`
