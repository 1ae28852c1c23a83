import type { Receipt } from 'reprise'
import { DepositMoney, OpenAccount, Touch, WithdrawMoney } from './bank.js'
import { uniqueName } from './kafka.js'
import type { WriteSide } from './write-side.js'

export const open = (
  { bus }: WriteSide,
  accountId: string,
  commandId = uniqueName('open'),
): Promise<Receipt> => bus.execute(new OpenAccount({ accountId, owner: 'Ada' }), { commandId })

export const deposit = (
  { bus }: WriteSide,
  accountId: string,
  amount: bigint,
  commandId = uniqueName('deposit'),
): Promise<Receipt> => bus.execute(new DepositMoney({ accountId, amount }), { commandId })

export const withdraw = (
  { bus }: WriteSide,
  accountId: string,
  amount: bigint,
  commandId = uniqueName('withdraw'),
): Promise<Receipt> => bus.execute(new WithdrawMoney({ accountId, amount }), { commandId })

export const touch = (
  { bus }: WriteSide,
  accountId: string,
  commandId = uniqueName('touch'),
): Promise<Receipt> => bus.execute(new Touch({ accountId }), { commandId })
