import { type App, CommandRejected, type GroupReceipt } from 'reprise'
import type { Step } from './step.js'

/** Does what the steps say, one after the other, and answers the receipts of what was accepted. */
export async function play(app: App, steps: readonly Step[], tell: (line: string) => void) {
  const receipts: GroupReceipt[] = []
  for (const { tells, day, commands, refusal } of steps) {
    const attempt = app.executeAll(commands, { commandId: tells, occurredAt: new Date(day) })
    if (refusal === undefined) {
      receipts.push(await attempt)
      tell(`  ${tells}`)
    } else {
      tell(`  ${tells}: refused, ${await refused(attempt, refusal)}`)
    }
  }
  return receipts
}

async function refused(attempt: Promise<unknown>, refusal: string): Promise<string> {
  const outcome = await attempt.catch((error: unknown) => error)
  if (outcome instanceof CommandRejected && outcome.message === refusal) return refusal
  throw new Error(`should have been refused: ${refusal}`, { cause: outcome })
}
