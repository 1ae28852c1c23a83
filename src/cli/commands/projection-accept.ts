import { acceptBuild, type AcceptancePlan, type AcceptanceResult } from '../../projections/acceptance.js'
import { shortFingerprint } from '../../projections/definition-fingerprint.js'
import type { CommandContext } from '../command-context.js'
import { confirm } from '../confirmation.js'
import { deciderOf } from '../letter-selection.js'
import { LoadedApp } from '../loaded-app.js'
import { acceptingCalled } from '../projection-called.js'

export interface AcceptCommandOptions {
  readonly dryRun?: boolean
  /** Who decides it, for the audit log. */
  readonly by?: string
}

/**
 * Shows what it would mean, and lets the build at hand feed the live generation.
 *
 * @throws {@link BuildRefused} where only a rebuild can bring this build
 */
export async function acceptProjection(
  context: CommandContext,
  name: string,
  options: AcceptCommandOptions,
): Promise<void> {
  const app = await LoadedApp.load(context)
  const projection = acceptingCalled(name, app.model)
  await app.withReadSide(async ({ partsOf }) => {
    const { terminal } = context
    const parts = partsOf(projection)
    if (options.dryRun === true) {
      const plan = await parts.acceptance.plan()
      terminal.answer({ dryRun: true, plan }, () => planText(plan))
      return
    }
    let plan: AcceptancePlan | undefined
    const result = await acceptBuild(parts, {
      by: deciderOf(options),
      onPlan: async (it) => {
        plan = it
        terminal.tell({ plan: it }, planText(it))
        if (!it.isAdmitted) await confirm(`Accept this build for ${it.projection}?`, context)
      },
    })
    terminal.answer({ dryRun: false, plan, result }, () => resultText(result))
  })
}

function planText({
  projection,
  generation,
  fingerprint,
  grown,
  otherKeyText,
  earlier,
  isAdmitted,
}: AcceptancePlan): string {
  return [
    `acceptance of a build of ${projection}`,
    `  generation   ${generation}, the live one`,
    `  build        ${shortFingerprint(fingerprint)}${earlier === null ? '' : `, of an older release: it fed generation ${earlier}`}`,
    ...(grown.length === 0 ? [] : [`  added        ${grown.join(', ')}`]),
    ...(otherKeyText ? ['  key          the text of its key function is another one'] : []),
    ...consequences({ grown, otherKeyText, earlier, isAdmitted }).map((line) => `  consequence  ${line}`),
  ].join('\n')
}

function consequences({
  grown,
  otherKeyText,
  earlier,
  isAdmitted,
}: Omit<AcceptancePlan, 'projection' | 'generation' | 'fingerprint'>): readonly string[] {
  if (isAdmitted) return ['none: it may feed the generation already']
  return [
    ...(grown.length === 0
      ? ['it feeds the generation beside the builds that do so now']
      : [
          'events of these types that were passed by stay unapplied until a rebuild',
          'builds that lack these types feed the generation no more',
        ]),
    ...(otherKeyText ? ['if it gives other keys than before, rows of both mix, until a rebuild'] : []),
    ...(earlier === null ? [] : ['what it writes is as that older build writes it, until a rebuild']),
  ]
}

function resultText({ projection, generation, changed }: AcceptanceResult): string {
  return changed
    ? `accepted: this build may feed generation ${generation} of ${projection}`
    : `nothing to accept: this build may feed generation ${generation} of ${projection} already`
}
