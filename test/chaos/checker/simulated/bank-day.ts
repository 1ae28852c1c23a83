import type { CommandFact, EventFact, HistoryEntry } from '../../facts.js'
import type { Chance } from './chance.js'

export const STARTED = Date.UTC(2026, 0, 5, 9)
export const GRANT = 1_000n
export const accounts = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5']
export const lists = ['l0', 'l1']
/** The note at which the statements fail, and the account that then waits. */
export const POISON = 'poison'

/** Clients at a bank that does everything right: what they asked, and what was stored. */
export class BankDay {
  readonly history: HistoryEntry[] = []
  readonly events: EventFact[] = []
  readonly #chance: Chance
  readonly #versions = new Map<string, number>()
  readonly #balances = new Map<string, bigint>()
  #now = STARTED
  #position = 0
  #call = 0

  constructor(chance: Chance) {
    this.#chance = chance
  }

  get now(): number {
    return this.#now
  }

  openEverything(): void {
    for (const id of accounts)
      this.#ask('open', [command('OpenAccount', 'account', id)], () =>
        this.#store('account', id, 'AccountOpened', { owner: id, grant: String(GRANT) }),
      )
  }

  /** One call of some kind. */
  next(): void {
    const kind = this.#chance.next()
    if (kind < 0.6) this.#transfer()
    else if (kind < 0.7) this.#note(this.#chance.of(accounts), undefined)
    else if (kind < 0.75) this.#reject()
    else this.#append()
  }

  poison(account: string): void {
    this.#note(account, POISON)
  }

  #transfer(): void {
    const [from, to] = [this.#chance.of(accounts), this.#chance.of(accounts)]
    const amount = BigInt(1 + this.#chance.below(20))
    if (from === to || (this.#balances.get(from) ?? 0n) < amount) return
    const booking = {
      amount: String(amount),
      transferId: `t${this.#call}`,
      bookedOn: `2026-01-0${1 + this.#chance.below(3)}`,
    }
    this.#ask('transfer', [command('Withdraw', 'account', from), command('Deposit', 'account', to)], (id) => {
      this.#store('account', from, 'MoneyWithdrawn', booking, id)
      this.#store('account', to, 'MoneyDeposited', booking, id)
    })
  }

  #note(account: string, mark: string | undefined): void {
    this.#ask('note', [command('WriteNote', 'account', account)], (id) =>
      this.#store(
        'account',
        account,
        'NoteWritten',
        { text: 'hello', ...(mark === undefined ? {} : { mark }) },
        id,
      ),
    )
  }

  #append(): void {
    const list = this.#chance.of(lists)
    const item = String(this.#call)
    this.#ask('append', [command('AppendItem', 'list', list)], (id) =>
      this.#store('list', list, 'ItemAppended', { item }, id),
    )
  }

  #reject(): void {
    const commandId = this.#begin()
    const entry = this.#entry(
      'rejected',
      commandId,
      [command('Withdraw', 'account', this.#chance.of(accounts))],
      1,
    )
    this.history.push({ ...entry, phase: 'invoke' })
    this.history.push({
      ...entry,
      at: this.#tick(),
      phase: 'fail',
      error: { name: 'CommandRejected', message: 'not covered' },
    })
  }

  /** Most are answered at once; some answers are lost, and of those some are asked again. */
  #ask(
    operation: HistoryEntry['operation'],
    commands: readonly CommandFact[],
    store: (commandId: string) => void,
  ): void {
    const commandId = this.#begin()
    const entry = this.#entry(operation, commandId, commands, 1)
    this.history.push({ ...entry, phase: 'invoke' })
    const lost = operation !== 'open' && this.#chance.happens(0.1)
    if (!lost || this.#chance.happens(0.6)) store(commandId)
    const stored = this.events.filter(({ metadata }) => metadata.commandId === commandId)
    const streams = stored.map(({ streamType, streamId, version }) => ({
      stream: `${streamType}-${streamId}`,
      version,
    }))
    if (!lost) {
      this.history.push({ ...entry, at: this.#tick(), phase: 'ok', streams })
      return
    }
    this.history.push({
      ...entry,
      at: this.#tick(),
      phase: 'unknown',
      error: { name: 'OutcomeUnknown', message: 'cut' },
    })
    if (stored.length === 0 || this.#chance.happens(0.3)) return
    this.#call++
    const again = this.#entry(operation, commandId, commands, 2)
    this.history.push({ ...again, phase: 'invoke' })
    this.history.push({ ...again, at: this.#tick(), phase: 'ok', streams })
  }

  #begin(): string {
    this.#tick()
    return `command-${++this.#call}`
  }

  #entry(
    operation: HistoryEntry['operation'],
    commandId: string,
    commands: readonly CommandFact[],
    attempt: number,
  ) {
    return {
      at: this.#now,
      process: 'client-1',
      life: 1,
      call: this.#call,
      operation,
      commandId,
      attempt,
      commands,
    }
  }

  #store(
    streamType: string,
    streamId: string,
    type: string,
    payload: Readonly<Record<string, string>>,
    commandId = `command-${this.#call}`,
  ): void {
    const stream = `${streamType}-${streamId}`
    const version = (this.#versions.get(stream) ?? 0) + 1
    this.#versions.set(stream, version)
    this.#balances.set(streamId, (this.#balances.get(streamId) ?? 0n) + movedBy(type, payload))
    // Some positions are drawn and never used.
    this.#position += this.#chance.happens(0.1) ? 3 : 1
    this.events.push({
      position: String(this.#position),
      streamType,
      streamId,
      version,
      eventId: `event-${this.#position}`,
      type,
      schemaVersion: 1,
      payload: JSON.stringify(payload),
      metadata: { commandId },
      occurredAt: this.#now,
      recordedAt: this.#now,
    })
  }

  #tick(): number {
    return (this.#now += 1 + this.#chance.below(60))
  }
}

const EVENT_OF: Readonly<Record<string, string>> = {
  OpenAccount: 'AccountOpened',
  Withdraw: 'MoneyWithdrawn',
  Deposit: 'MoneyDeposited',
  WriteNote: 'NoteWritten',
  AppendItem: 'ItemAppended',
}

const command = (type: string, streamType: string, streamId: string): CommandFact => ({
  type,
  streamType,
  streamId,
  fields: {},
  events: [EVENT_OF[type] ?? ''],
})

export function movedBy(type: string, { amount, grant }: Readonly<Record<string, string>>): bigint {
  if (type === 'AccountOpened') return BigInt(grant ?? 0)
  if (type === 'MoneyDeposited') return BigInt(amount ?? 0)
  return type === 'MoneyWithdrawn' ? -BigInt(amount ?? 0) : 0n
}
