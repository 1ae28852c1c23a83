import { counted, nounFor } from '../../core/counted.js'
import type { DiscardResult, LettersPlan } from '../../subscriptions/index.js'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { confirmForGood } from '../confirmation.js'
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
import { subscriberCalled } from '../projection-called.js'

export interface DiscardLettersOptions extends DecidingOptions {
  readonly reason?: string
}

/**
 * Shows the plan, and gives letters up for good.
 *
 * @throws {@link CliError} (`USAGE`) without a reason
 */
export async function discardLetters(
  context: CommandContext,
  projection: string,
  ids: readonly bigint[],
  options: DiscardLettersOptions,
): Promise<void> {
  const selection = decidedSelection(ids, options)
  const reason = options.reason?.trim() ?? ''
  if (reason === '')
    throw new CliError('USAGE', 'say why with --reason: what is discarded is left out by every rebuild')
  const app = await LoadedApp.load(context)
  const model = subscriberCalled(projection, app.model)
  await app.withReadSide(async ({ lettersOf }) => {
    const { terminal, signal } = context
    const letters = lettersOf(model)
    if (options.dryRun === true) {
      const plan = await letters.plan(selection)
      terminal.answer({ dryRun: true, plan: planDocument(plan) }, () => planText(plan, reason))
      return
    }
    let plan: LettersPlan | undefined
    let done = 0
    try {
      const result = await letters.discard(selection, {
        reason,
        by: deciderOf(options),
        signal,
        ...(context.options.timeout === undefined ? {} : { timeout: context.options.timeout }),
        onPlan: async (it) => {
          terminal.tell({ plan: planDocument(it) }, planText(it, reason))
          await confirmForGood(`Discard ${lettersText(it.selected)} of ${it.projection} for good?`, context)
          plan = it
        },
        onProgress: (some) => (done += some),
      })
      terminal.answer({ dryRun: false, plan: plan && planDocument(plan), result }, () => resultText(result))
    } catch (error) {
      if (plan !== undefined && error === signal.reason)
        terminal.tell(
          { discarded: { letters: done } },
          `stopped after ${done} of ${lettersText(plan.selected)}`,
        )
      throw error
    }
  })
}

function planText(plan: LettersPlan, reason: string): string {
  const staying = plan.letters - plan.selected
  return [
    `discard of dead letters of ${plan.projection}`,
    `  generation  ${plan.generation}, the live one`,
    `  letters     ${plan.selected}; ${nounFor(plan.selected, 'its event is', 'their events are')} left out for good, also by rebuilds`,
    ...planLines(plan, 'selected'),
    ...(staying === 0 ? [] : [`  staying     ${counted(staying, 'more letter')} of these keys, for a retry`]),
    `  reason      ${printable(reason)}`,
  ].join('\n')
}

function resultText({ projection, discarded, left }: DiscardResult): string {
  const result = `discarded ${lettersText(discarded)} of ${projection}; rebuilds leave ${nounFor(discarded, 'its event', 'their events')} out as well`
  if (left === 0) return result
  return `${result}\nof the same keys, ${lettersText(left)} ${left === 1 ? 'stays and waits' : 'stay and wait'}: reprise dlq retry ${projection} --all`
}
