import type { App, GroupReceipt, ProjectionClass, Receipt } from 'reprise'

/** Longer than a killed run keeps its share of the work, and than a backlog takes. */
const TIMEOUT = '2m'
const ASKED_AT_ONCE = 4

/**
 * Resolves when each projection has applied all that the receipts stand for, so that reads after it see that.
 *
 * @throws {@link ProjectionStopped}, {@link TimedOut}
 */
export async function caughtUpWith(
  app: Pick<App, 'projections'>,
  projections: readonly ProjectionClass[],
  receipts: readonly (Receipt | GroupReceipt)[],
  onReceipt: (count: number) => void,
): Promise<void> {
  let count = 0
  const left = receipts.values()
  const work = async (): Promise<void> => {
    for (const receipt of left) {
      for (const projection of projections)
        await app.projections.caughtUp(projection, receipt, { timeout: TIMEOUT })
      onReceipt(++count)
    }
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, work))
}
