import type { DeadLetters, LettersPlan, RetryResult } from '../../subscriptions/index.js'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { confirm } from '../confirmation.js'
import {
  decidedSelection,
  type DecidingOptions,
  deciderOf,
  planDocument,
  planLines,
} from '../letter-selection.js'
import { lettersText } from '../letter-text.js'
import { LoadedApp } from '../loaded-app.js'
import { printable } from '../printable.js'
import { ProgressLine } from '../progress-line.js'
import { subscriberCalled } from '../projection-called.js'

export type RetryLettersOptions = DecidingOptions

/** Failures that are named; all are counted. */
const MOST_NAMED = 10

/**
 * Shows the plan, and applies letters with the code of today, each key in order.
 *
 * @throws {@link CliError} (`DIFFERENT`) when one failed again, after the result
 */
export async function retryLetters(
  context: CommandContext,
  projection: string,
  ids: readonly bigint[],
  options: RetryLettersOptions,
): Promise<void> {
  const selection = decidedSelection(ids, options)
  const app = await LoadedApp.load(context)
  const model = subscriberCalled(projection, app.model)
  await app.withReadSide(async ({ lettersOf }) => {
    const letters = lettersOf(model)
    if (options.dryRun === true) {
      const plan = await letters.plan(selection)
      context.terminal.answer({ dryRun: true, plan: planDocument(plan) }, () => planText(plan))
      return
    }
    await run(context, letters, selection, deciderOf(options))
  })
}

async function run(
  context: CommandContext,
  letters: DeadLetters<unknown>,
  selection: Parameters<DeadLetters<unknown>['retry']>[0],
  by: string,
): Promise<void> {
  const { terminal, signal, options } = context
  const progress = new ProgressLine(terminal)
  let plan: LettersPlan | undefined
  let done = 0
  try {
    const result = await letters.retry(selection, {
      by,
      signal,
      ...(options.timeout === undefined ? {} : { timeout: options.timeout }),
      onPlan: async (it) => {
        terminal.tell({ plan: planDocument(it) }, planText(it))
        await confirm(`Retry ${lettersText(it.letters)} of ${it.projection}?`, context)
        plan = it
      },
      onProgress: (some) => {
        done += some
        progress.show({ phase: 'retrying', done, total: plan?.letters ?? done })
      },
    })
    progress.clear()
    terminal.answer({ dryRun: false, plan: plan && planDocument(plan), result }, () => resultText(result))
    if (result.failed.length > 0)
      throw new CliError(
        'DIFFERENT',
        `${lettersText(result.failed.length)} of ${result.projection} failed again: reprise dlq show ${result.projection} shows why`,
      )
  } catch (error) {
    progress.clear()
    if (plan !== undefined && error === signal.reason)
      terminal.tell(
        { retried: { letters: done } },
        `stopped after ${done} of ${lettersText(plan.letters)}: the others are as they were`,
      )
    throw error
  }
}

function planText(plan: LettersPlan): string {
  return [
    `retry of dead letters of ${plan.projection}`,
    `  generation  ${plan.generation}, the live one`,
    `  letters     ${plan.letters}: ${plan.selected} chosen, and ${plan.letters - plan.selected} more of their keys`,
    ...planLines(plan, 'letters'),
    '  order       each key from its first letter on, up to one that fails again',
  ].join('\n')
}

function resultText({ projection, applied, failed, left }: RetryResult): string {
  const named = failed.slice(0, MOST_NAMED).map(({ id, key, error }) => {
    const of = key === undefined ? '' : ` of ${printable(key)}`
    return `  letter ${id.toString()}${of}: ${printable(error.name)}: ${printable(error.message)}`
  })
  const more = failed.length - named.length
  return [
    `retried letters of ${projection}: ${applied} applied, ${failed.length} failed again, ${left} left`,
    ...named,
    ...(more > 0 ? [`  and ${more} more`] : []),
  ].join('\n')
}
