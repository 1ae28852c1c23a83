import type { CommandInstance } from 'reprise'
import { type AppDefinition, defineApp } from 'reprise'
import {
  Account,
  Balances,
  Deposit,
  OpenAccount,
  Statements,
  Withdraw,
  WriteNote,
} from '../workload/domain.js'

/** One call: commands that are executed as one, under an id that is the same in every process. */
export interface FixedCall {
  readonly commandId: string
  readonly commands: readonly CommandInstance[]
}

const ACCOUNTS = ['a', 'b', 'c', 'd']
const TRANSFERS = 14
export const GRANT = 100n
/** The one whose statement cannot take a note: what comes later on it waits. */
export const PARKED_ACCOUNT = 'd'

export const trialApp = (name: string): AppDefinition =>
  defineApp({ name, aggregates: [Account], projections: [Balances, Statements] })

/** The same calls for everybody: accounts are opened, money goes round, and one note cannot be processed. */
export function fixedCalls(): readonly FixedCall[] {
  const opened = ACCOUNTS.map((accountId) => ({
    commandId: `open-${accountId}`,
    commands: [new OpenAccount({ accountId, owner: accountId, grant: GRANT })],
  }))
  const moved = Array.from({ length: TRANSFERS }, (_, index) => transferAt(index))
  const marked = { accountId: PARKED_ACCOUNT, text: 'a note', mark: 'always' }
  const note = { commandId: 'note', commands: [new WriteNote(marked)] }
  return [...opened, ...moved.slice(0, 4), note, ...moved.slice(4)]
}

function transferAt(index: number): FixedCall {
  const from = ACCOUNTS[index % ACCOUNTS.length] ?? ''
  const to = ACCOUNTS[(index + 1 + (index % 3)) % ACCOUNTS.length] ?? ''
  const transferId = `transfer-${index}`
  const amount = BigInt(1 + (index % 5))
  return {
    commandId: transferId,
    commands: [
      new Withdraw({ accountId: from, amount, transferId }),
      new Deposit({ accountId: to, amount, transferId }),
    ],
  }
}
