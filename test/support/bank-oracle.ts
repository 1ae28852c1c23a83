import { expect } from 'vitest'
import {
  AggregateNotFound,
  CommandIdReused,
  CommandRejected,
  type ExpectedVersion,
  type Receipt,
  WrongExpectedVersion,
} from 'reprise'
import { expectationHolds } from '../../src/core/stream.js'
import { DepositMoney, OpenAccount, Touch, WithdrawMoney } from './bank.js'
import type { EventFact } from './store-facts.js'

/** A command as plain data, to be drawn by chance and compared. */
export type BankRequest =
  | { readonly kind: 'open'; readonly owner: string }
  | { readonly kind: 'deposit' | 'withdraw'; readonly amount: bigint }
  | { readonly kind: 'touch' }

/** One call of `execute`, and what came of it. */
export interface Attempt {
  readonly account: string
  readonly commandId: string
  readonly request: BankRequest
  readonly expect: ExpectedVersion
  readonly outcome: Receipt | Error
}

interface Accepted {
  readonly account: string
  readonly content: string
  readonly version: number
}

/** An account after each of its events; the one without events comes first. */
interface AccountState {
  readonly owner: string | undefined
  readonly balance: bigint
  /** What the event moved, if it moved money. */
  readonly moved: bigint | undefined
}

export const commandOf = (accountId: string, request: BankRequest) => {
  switch (request.kind) {
    case 'open':
      return new OpenAccount({ accountId, owner: request.owner })
    case 'deposit':
      return new DepositMoney({ accountId, amount: request.amount })
    case 'withdraw':
      return new WithdrawMoney({ accountId, amount: request.amount })
    case 'touch':
      return new Touch({ accountId })
  }
}

/**
 * The bank as it must behave, whatever the interleaving: each new event must come from one accepted attempt and be
 * allowed by the state before it, and each refusal must be right at some moment of its round.
 */
export class BankOracle {
  readonly #histories = new Map<string, AccountState[]>()
  readonly #accepted = new Map<string, Accepted>()

  get accounts(): readonly string[] {
    return [...this.#histories.keys()]
  }

  versionOf(account: string): number {
    return this.#history(account).length - 1
  }

  stateOf(account: string): AccountState {
    return this.#history(account).at(-1) ?? closed
  }

  /** What each event of an account moved, by version. */
  movements(account: string): readonly (readonly [version: number, amount: bigint])[] {
    return this.#history(account).flatMap(({ moved }, version) =>
      moved === undefined ? [] : [[version, moved] as const],
    )
  }

  /** Checks one round of concurrent attempts against the events that it left, in the order of versions per stream. */
  check(attempts: readonly Attempt[], events: readonly EventFact[]): void {
    const before = new Map(attempts.map(({ account }) => [account, this.versionOf(account)]))
    const known = new Set(this.#accepted.keys())
    for (const event of events) this.#apply(event, attempts)
    const since = ({ account }: Attempt) => before.get(account) ?? 0
    for (const attempt of attempts)
      if (!(attempt.outcome instanceof Error)) this.#checkReceipt(attempt, attempt.outcome, since(attempt))
    for (const attempt of attempts)
      if (attempt.outcome instanceof Error)
        this.#checkRefusal(attempt, attempt.outcome, since(attempt), known)
  }

  #apply(event: EventFact, attempts: readonly Attempt[]): void {
    const account = event.stream_id
    const history = this.#history(account)
    expect(Number(event.version), 'versions are dense').toBe(history.length)
    const cause = attempts.find(
      ({ commandId, account: target, outcome }) =>
        commandId === event.metadata['commandId'] && target === account && !(outcome instanceof Error),
    )
    if (cause === undefined)
      throw new Error(`nobody was told of version ${event.version.toString()} of ${account}`)
    expect(this.#accepted.has(cause.commandId), 'a command is stored once').toBe(false)
    expect(expectationHolds(cause.expect, history.length - 1), 'the expectation held').toBe(true)
    const state = this.stateOf(account)
    const next = after(state, history.length - 1, cause.request)
    expect(event, 'the event of its command').toMatchObject(eventOf(cause.request))
    history.push(next)
    this.#accept(cause, history.length - 1)
  }

  #checkReceipt(attempt: Attempt, receipt: Receipt, since: number): void {
    const { account, commandId, request } = attempt
    if (!this.#accepted.has(commandId)) {
      expect(request.kind, 'an accepted command that left no event').toBe('touch')
      expect(receipt.version).toBeGreaterThanOrEqual(Math.max(1, since))
      expect(receipt.version).toBeLessThanOrEqual(this.versionOf(account))
      this.#accept(attempt, receipt.version)
    }
    const accepted = this.#accepted.get(commandId)
    expect(contentOf(attempt), 'the id belongs to this command').toBe(accepted?.content)
    expect(receipt).toEqual({ stream: `account-${account}`, version: accepted?.version, commandId })
  }

  #checkRefusal(attempt: Attempt, refusal: Error, since: number, known: ReadonlySet<string>): void {
    const { account, commandId, request } = attempt
    const accepted = this.#accepted.get(commandId)
    if (refusal instanceof CommandIdReused) {
      expect(accepted, 'the id was used').toBeDefined()
      expect(contentOf(attempt), 'the id belongs to another command').not.toBe(accepted?.content)
      return
    }
    const isRetry = known.has(commandId) && accepted?.content === contentOf(attempt)
    expect(isRetry, `a retry is answered with the first outcome, not with ${refusal.message}`).toBe(false)
    const moments = this.#history(account)
      .slice(since)
      .map((state, index) => ({ state, version: since + index }))
    expect(
      moments.some(({ state, version }) => isRight(refusal, request, attempt.expect, state, version)),
      `${refusal.message} is right at some moment`,
    ).toBe(true)
  }

  #accept(attempt: Attempt, version: number): void {
    this.#accepted.set(attempt.commandId, { account: attempt.account, content: contentOf(attempt), version })
  }

  #history(account: string): AccountState[] {
    const history = this.#histories.get(account) ?? [closed]
    this.#histories.set(account, history)
    return history
  }
}

const closed: AccountState = { owner: undefined, balance: 0n, moved: undefined }

const contentOf = ({ account, request }: Pick<Attempt, 'account' | 'request'>): string =>
  JSON.stringify([
    account,
    request.kind,
    'owner' in request ? request.owner : 'amount' in request && request.amount.toString(),
  ])

function after(state: AccountState, version: number, request: BankRequest): AccountState {
  expect(version === 0, 'an account is opened first, and once').toBe(request.kind === 'open')
  switch (request.kind) {
    case 'open':
      return { ...state, owner: request.owner }
    case 'deposit':
      expect(request.amount > 0n, 'a deposit is positive').toBe(true)
      return moving(state, request.amount)
    case 'withdraw':
      expect(request.amount <= state.balance, 'a withdrawal is covered').toBe(true)
      return moving(state, -request.amount)
    case 'touch':
      throw new Error('a touch leaves no event')
  }
}

const moving = (state: AccountState, moved: bigint): AccountState => ({
  ...state,
  balance: state.balance + moved,
  moved,
})

function eventOf(request: BankRequest): object {
  switch (request.kind) {
    case 'open':
      return { type: 'AccountOpened', payload: { owner: request.owner } }
    case 'deposit':
      return { type: 'MoneyDeposited', payload: { amount: request.amount.toString() } }
    case 'withdraw':
      return { type: 'MoneyWithdrawn', payload: { amount: request.amount.toString() } }
    case 'touch':
      return {}
  }
}

function isRight(
  refusal: Error,
  request: BankRequest,
  expected: ExpectedVersion,
  state: AccountState,
  version: number,
): boolean {
  if (refusal instanceof AggregateNotFound) return request.kind !== 'open' && version === 0
  if (refusal instanceof WrongExpectedVersion)
    return (request.kind === 'open' && version > 0) || !expectationHolds(expected, version)
  if (!(refusal instanceof CommandRejected)) return false
  if (request.kind === 'deposit') return request.amount <= 0n
  return request.kind === 'withdraw' && request.amount > state.balance
}
