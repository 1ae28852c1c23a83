const LOAN_DAYS = 28
const DAY = 86_400_000

/** The day on which a copy lent on this day is due. */
export function dueAfter(lentOn: string): string {
  return new Date(Date.parse(lentOn) + LOAN_DAYS * DAY).toISOString().slice(0, 10)
}
