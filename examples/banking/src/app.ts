import { defineApp } from 'reprise'
import { Account } from './account/account.js'
import { ClosingLetters } from './letters/closing-letters.js'
import { Balances } from './read-models/balances.js'
import { DailyTotals } from './read-models/daily-totals.js'
import { GeneralLedger } from './read-models/general-ledger.js'
import { Statements } from './read-models/statements.js'

/** The bank: what `npm start` runs and the command line loads. */
export default defineApp({
  name: 'banking',
  schemaPrefix: 'banking',
  aggregates: [Account],
  projections: [Balances, Statements, DailyTotals, GeneralLedger],
  effects: [ClosingLetters],
})
