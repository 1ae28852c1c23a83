import { defineApp } from 'reprise'
import { Account } from './account/account.js'
import { Balances } from './read-models/balances.js'
import { Statements } from './read-models/statements.js'

/** The bank: what `npm start` runs and the command line loads. */
export default defineApp({
  name: 'banking',
  schemaPrefix: 'banking',
  aggregates: [Account],
  projections: [Balances, Statements],
})
