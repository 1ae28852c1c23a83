import { createHash, randomUUID } from 'node:crypto'
import type { CommandInstance } from 'reprise'
import type { Chance } from '../chance.js'
import type { BankFacts, CommandFact, HistoryEntry } from '../facts.js'
import { AppendItem, Deposit, OpenAccount, Withdraw, WriteNote } from './domain.js'

/** One call of a client: commands that are executed as one, under one id. */
export interface Call {
  readonly operation: HistoryEntry['operation']
  readonly commandId: string
  readonly attempt: number
  readonly commands: readonly CommandInstance[]
  readonly facts: readonly CommandFact[]
}

const HOT = 4
const newId = (): string => randomUUID()
const GRANT = 1_000n
/** A withdrawal of so much is always refused. */
const TOO_MUCH = 1_000_000n

export const BANK: BankFacts = bankOf(40 + HOT, 6)

function bankOf(accountCount: number, listCount: number): BankFacts {
  const accounts = Array.from({ length: accountCount }, (_, index) => String(index + 1).padStart(3, '0'))
  const lists = Array.from({ length: listCount }, (_, index) => `list-${index + 1}`)
  const total = (GRANT * BigInt(accountCount)).toString()
  return { accounts, lists, grant: GRANT.toString(), total, lowestBalance: '0' }
}

/** Of the accounts, few take much of the load; of the others, some take all marked notes. */
const hot = BANK.accounts.slice(0, HOT)
const markable = BANK.accounts.slice(HOT, HOT + 3)

export const openingCalls = (): readonly Call[] =>
  BANK.accounts.map((accountId) => {
    const fields = { accountId, owner: `owner of ${accountId}`, grant: GRANT }
    // Always the same id: whoever repeats the setup opens nothing twice.
    return call('open', [new OpenAccount(fields)], [factOf('OpenAccount', fields, ['AccountOpened'])], {
      commandId: `open-${accountId}`,
    })
  })

/** What a client does next. */
export function nextCall(chance: Chance, marks: readonly string[], item: () => string): Call {
  const lot = chance.next()
  if (marks.length > 0 && chance.happens(0.2)) return note(chance, 40, marks)
  if (lot < 0.05) return rejected(chance)
  if (lot < 0.06) return note(chance, chance.between(20_000, 60_000))
  if (lot < 0.1) return note(chance, 40)
  if (lot < 0.25) return append(chance, item())
  return transfer(chance)
}

/** The same again, as it is written in the history; undefined where the history does not hold all of it. */
export function callOf({ operation, commandId, attempt, commands }: HistoryEntry): Call | undefined {
  const again = commands.map(({ type, fields }) => commandOf(type, fields))
  const whole = again.filter((it) => it !== undefined)
  if (whole.length !== commands.length) return undefined
  return call(operation, whole, commands, { commandId, attempt })
}

function commandOf(type: string, fields: Readonly<Record<string, string>>): CommandInstance | undefined {
  const { accountId = '', transferId = '', listId = '', item = '' } = fields
  const amount = BigInt(fields['amount'] ?? '0')
  if (type === 'Withdraw') return new Withdraw({ accountId, amount, transferId })
  if (type === 'Deposit') return new Deposit({ accountId, amount, transferId })
  if (type === 'AppendItem') return new AppendItem({ listId, item })
  return undefined
}

function transfer(chance: Chance): Call {
  const from = anyAccount(chance)
  const to = chance.pick(BANK.accounts.filter((it) => it !== from))
  const transferId = randomUUID()
  const amount = BigInt(chance.between(1, 40))
  return moving('transfer', { from, to, amount, transferId })
}

/** Both halves or none: the second one is decided, and then nothing of it may be stored. */
function rejected(chance: Chance): Call {
  const [from = '', to = ''] = chance.some(BANK.accounts, 2)
  return moving('rejected', { from, to, amount: TOO_MUCH, transferId: randomUUID() })
}

function moving(
  operation: 'transfer' | 'rejected',
  move: { from: string; to: string; amount: bigint; transferId: string },
): Call {
  const { from, to, amount, transferId } = move
  const debit = { accountId: from, amount, transferId }
  const credit = { accountId: to, amount, transferId }
  // The deposit first, in refused ones: what is decided before the refusal must go with it.
  const halves = [
    { command: new Withdraw(debit), fact: factOf('Withdraw', debit, ['MoneyWithdrawn']) },
    { command: new Deposit(credit), fact: factOf('Deposit', credit, ['MoneyDeposited']) },
  ]
  if (operation === 'rejected') halves.reverse()
  return call(
    operation,
    halves.map(({ command }) => command),
    halves.map(({ fact }) => fact),
  )
}

function note(chance: Chance, length: number, marks: readonly string[] = []): Call {
  const mark = marks.length > 0 ? chance.pick(marks) : undefined
  const accountId = mark === undefined ? anyAccount(chance) : chance.pick(markable)
  const fields = { accountId, text: textOf(chance, length), ...(mark === undefined ? {} : { mark }) }
  return call('note', [new WriteNote(fields)], [factOf('WriteNote', fields, ['NoteWritten'])])
}

function append(chance: Chance, item: string): Call {
  const fields = { listId: anyList(chance), item }
  return call('append', [new AppendItem(fields)], [factOf('AppendItem', fields, ['ItemAppended'])])
}

/** One takes half of the load: appends to it meet. */
const anyList = (chance: Chance): string =>
  chance.pick(chance.happens(0.4) ? BANK.lists.slice(0, 1) : BANK.lists)

const anyAccount = (chance: Chance): string => chance.pick(chance.happens(0.25) ? hot : BANK.accounts)

function textOf(chance: Chance, length: number): string {
  const word = chance.next().toString(36).slice(2)
  return word.repeat(Math.ceil(length / word.length)).slice(0, length)
}

function call(
  operation: Call['operation'],
  commands: readonly CommandInstance[],
  facts: readonly CommandFact[],
  { commandId = newId(), attempt = 1 } = {},
): Call {
  return { operation, commandId, attempt, commands, facts }
}

function factOf(
  type: string,
  fields: Readonly<Record<string, string | bigint>>,
  events: readonly string[],
): CommandFact {
  const streamId = String(fields['accountId'] ?? fields['listId'])
  const shown = Object.entries(fields).map(([name, value]) => [name, shownValue(String(value))] as const)
  return {
    type,
    streamType: type === 'AppendItem' ? 'list' : 'account',
    streamId,
    fields: Object.fromEntries(shown),
    events,
  }
}

const shownValue = (text: string): string =>
  text.length > 100 ? `sha256:${createHash('sha256').update(text).digest('hex')}` : text
