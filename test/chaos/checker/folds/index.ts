/** What the bank's read models must hold, told once more and independently of how they are made. */
import { balances, funds } from './balances.js'
import type { Fold } from './fold.js'
import { ledger } from './ledger.js'
import { lists } from './lists.js'
import { statements } from './statements.js'
import { totals } from './totals.js'

/** By the name of the projection. */
export const FOLDS: ReadonlyMap<string, Fold> = new Map([
  ['balances', balances],
  ['statements', statements],
  ['totals', totals],
  ['lists', lists],
  ['ledger', ledger],
  ['funds', funds],
])

/** Without these a run is not judged. */
export const REQUIRED_PROJECTIONS = ['balances', 'statements']

export type { Fold, Mismatch, Rows } from './fold.js'
