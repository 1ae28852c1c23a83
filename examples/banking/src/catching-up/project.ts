import type { App, GroupReceipt, Receipt } from 'reprise'
import { unlessAborted } from '../interruption.js'
import type { Progress } from '../progress.js'
import { Balances } from '../read-models/balances.js'
import { caughtUpWith } from './caught-up-with.js'
import { DailyTotals } from '../read-models/daily-totals.js'
import { GeneralLedger } from '../read-models/general-ledger.js'
import { Statements } from '../read-models/statements.js'

const PROJECTIONS = [Balances, Statements, DailyTotals, GeneralLedger]
/** Milliseconds without progress after which a person wants to know why. */
const PATIENCE = 4_000
const LOOK_EVERY = 500

/** Waits until every projection has what the receipts stand for, and shows how far that is. */
export async function project(
  bank: App,
  receipts: readonly (Receipt | GroupReceipt)[],
  progress: Progress,
  signal: AbortSignal,
): Promise<void> {
  const share = (done: number): string => `${done} of ${receipts.length}`
  let reached = 0
  const watching = whenStill(
    () => `${reached} ${Object.values(bank.counters.applied).join(' ')}`,
    () => progress.say(stillWaiting(bank)),
  )
  try {
    const projected = caughtUpWith(bank, PROJECTIONS, receipts, (done) => {
      reached = done
      progress.show('projecting', done / receipts.length, share(done))
    })
    await unlessAborted(signal, projected)
  } finally {
    clearInterval(watching)
  }
}

/** Calls back once whenever what is watched has not changed for a while. */
function whenStill(watched: () => string, callBack: () => void): NodeJS.Timeout {
  let last = watched()
  let changedAt = performance.now()
  return setInterval(() => {
    const now = watched()
    if (now !== last) [last, changedAt] = [now, performance.now()]
    else if (performance.now() - changedAt >= PATIENCE) {
      changedAt = Infinity
      callBack()
    }
  }, LOOK_EVERY)
}

function stillWaiting({ surroundings: { roles } }: App): string {
  const missing = (['relay', 'projections'] as const).filter((role) => !roles.includes(role))
  return missing.length === 0
    ? 'still waiting: a run that was killed keeps its share of the work until its lease ends'
    : `still waiting for what this process does not do: is there one with the role ${missing.join(', and one with the role ')}?`
}
