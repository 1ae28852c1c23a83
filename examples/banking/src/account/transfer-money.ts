import type { App, ExecuteAllOptions, GroupReceipt } from 'reprise'
import { ReceiveMoney, SendMoney } from './commands.js'

/** What is to be moved from one account to another; hellers. */
export interface TransferMoney {
  readonly from: string
  readonly to: string
  readonly amount: bigint
}

/**
 * Moves money in one commit: both accounts are booked, or neither, so that the sum over all accounts is the same in
 * every snapshot. Both entries share a correlation id.
 *
 * @throws {@link CommandRejected} when the balance does not cover it or an account is closed,
 * {@link AggregateNotFound} when there is no such account, {@link InvalidValue} when both are the same
 */
export function transferMoney(
  app: Pick<App, 'executeAll'>,
  { from, to, amount }: TransferMoney,
  options?: ExecuteAllOptions,
): Promise<GroupReceipt> {
  return app.executeAll(
    [
      new SendMoney({ accountNumber: from, partnerAccount: to, amount }),
      new ReceiveMoney({ accountNumber: to, partnerAccount: from, amount }),
    ],
    options,
  )
}
