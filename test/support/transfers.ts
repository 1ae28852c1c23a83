import type { ExecuteAllOptions, GroupReceipt } from '../../src/aggregates/execute-options.js'
import { DepositMoney, WithdrawMoney } from './bank.js'
import type { WriteSide } from './write-side.js'

/** Moves money from one account to another in one commit. */
export const transfer = (
  { bus }: WriteSide,
  from: string,
  to: string,
  amount: bigint,
  options?: ExecuteAllOptions,
): Promise<GroupReceipt> =>
  bus.executeAll(
    [new WithdrawMoney({ accountId: from, amount }), new DepositMoney({ accountId: to, amount })],
    options,
  )
