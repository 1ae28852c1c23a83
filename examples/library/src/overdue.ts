import type { App, AsOf, GroupReceipt } from 'reprise'
import { DueDates } from './read-models/due-dates.js'

export interface OverdueDay {
  readonly due_on: string
  readonly copies: readonly string[]
}

/** What was overdue on a day, and how fresh that is. */
export interface OverdueList {
  readonly days: readonly OverdueDay[]
  readonly pages: number
  readonly asOf: AsOf
}

/** Reads the list page by page, once it holds what these commands did. */
export async function overdueOn(
  app: App,
  today: string,
  since: readonly GroupReceipt[],
): Promise<OverdueList> {
  const days: OverdueDay[] = []
  let after: string | undefined
  for (let pages = 1; ; pages += 1) {
    const page = await app.query(
      DueDates,
      (dates) => dates.where('due_on', '<', today).select(['due_on', 'copies']),
      { since, timeout: '10s', page: { size: 2, after } },
    )
    days.push(...page.rows)
    if (page.next === undefined) return { days, pages, asOf: page.asOf }
    after = page.next
  }
}
