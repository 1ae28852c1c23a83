import { describe, expect, it } from 'vitest'
import { bankTransactionOf } from '../../../examples/banking/src/bank-file/bank-transaction.js'

const line = (columns: Readonly<Record<string, string>> = {}): string =>
  Object.values({
    trans_id: '171812',
    account_id: '576',
    date: '930131',
    type: 'PRIJEM',
    operation: 'VKLAD',
    amount: '900.00',
    balance: '1234.50',
    k_symbol: '',
    bank: '',
    account: '',
    ...columns,
  }).join(';')

describe('bankTransactionOf', () => {
  it("puts the bank's codes into our words, and amounts into hellers", () => {
    expect(bankTransactionOf(line())).toEqual({
      transactionId: '171812',
      accountNumber: '576',
      bookedOn: '1993-01-31',
      side: 'credit',
      amount: 90_000n,
      operation: 'cashDeposit',
      purpose: undefined,
      partnerBank: undefined,
      partnerAccount: undefined,
      bankBalance: 123_450n,
    })
  })

  it('knows both codes for a debit', () => {
    expect(bankTransactionOf(line({ type: 'VYDAJ' })).side).toBe('debit')
    expect(bankTransactionOf(line({ type: 'VYBER' })).side).toBe('debit')
  })

  it('keeps the partner of a transfer, and takes account 0 and blanks for none', () => {
    const transfer = line({ operation: 'PREVOD NA UCET', k_symbol: 'SIPO', bank: 'YZ', account: '62457513' })
    const none = line({ k_symbol: ' ', account: '0' })

    expect(bankTransactionOf(transfer)).toMatchObject({
      operation: 'transferOut',
      purpose: 'household',
      partnerBank: 'YZ',
      partnerAccount: '62457513',
    })
    expect(bankTransactionOf(none)).toMatchObject({ purpose: undefined, partnerAccount: undefined })
  })

  it.each([
    ['0.1', 10n],
    ['7', 700n],
    ['123456789012345.67', 12_345_678_901_234_567n],
  ])('reads the amount %s exactly', (amount, hellers) => {
    expect(bankTransactionOf(line({ amount })).amount).toBe(hellers)
  })

  it.each([
    ['-0.50', -50n],
    ['-2994.60', -299_460n],
  ])('reads the overdrawn balance %s exactly', (balance, hellers) => {
    expect(bankTransactionOf(line({ balance })).bankBalance).toBe(hellers)
  })

  it.each([
    [{ trans_id: '0' }, 'trans_id must be a positive whole number, not "0"'],
    [{ account_id: '12x' }, 'account_id must be a positive whole number, not "12x"'],
    [{ date: '930231' }, 'date must be a day written yymmdd, not "930231"'],
    [{ date: '1993-01-01' }, 'date must be a day written yymmdd, not "1993-01-01"'],
    [{ type: '' }, 'type must be one of PRIJEM, VYDAJ, VYBER, not ""'],
    [{ type: 'constructor' }, 'type must be empty or one of PRIJEM, VYDAJ, VYBER, not "constructor"'],
    [{ operation: 'VKLADX' }, /^operation must be empty or one of VKLAD, /],
    [{ amount: '0.00' }, 'amount must be positive, not "0.00"'],
    [{ amount: '-1.00' }, 'amount must be positive, not "-1.00"'],
    [{ amount: '1,00' }, 'amount must be an amount like 1234.50, not "1,00"'],
    [{ amount: '1.005' }, 'amount must be an amount like 1234.50, not "1.005"'],
    [{ balance: '' }, 'balance must be an amount like 1234.50, not ""'],
    [{ k_symbol: 'x'.repeat(50) }, /not "x{40}…"$/],
    [{ bank: 'a;b' }, 'must have 10 columns separated by semicolons, has 11 columns'],
  ])('refuses %o and says what is expected', (columns, message) => {
    expect(() => bankTransactionOf(line(columns))).toThrow(message)
  })
})
