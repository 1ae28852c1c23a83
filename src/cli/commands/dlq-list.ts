import { counted, nounFor } from '../../core/counted.js'
import type { LetterGroup } from '../../subscriptions/index.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'
import { eventText, shortened } from '../letter-text.js'
import { subscriberCalled } from '../projection-called.js'
import { table } from '../table.js'

const HEADINGS = [
  'PROJECTION',
  'FINGERPRINT',
  'FAILED',
  'WAITING',
  'KEYS',
  'FIRST',
  'LAST',
  'ERROR',
  'EXAMPLE',
] as const

const LONGEST_MESSAGE = 80

interface ListedProjection {
  readonly projection: string
  readonly letters: number
  readonly failed: number
  /** Keys that are held back. */
  readonly keys: number
  readonly groups: readonly LetterGroup[]
}

/** Shows the dead letters of one projection or class of effects, or of all, in groups that failed alike. Changes nothing. */
export async function listLetters(context: CommandContext, projection: string | undefined): Promise<void> {
  const app = await LoadedApp.load(context)
  const { model } = app
  const chosen =
    projection === undefined
      ? [...model.projections, ...model.effects]
      : [subscriberCalled(projection, model)]
  await app.withReadSide(async ({ address, lettersOf }) => {
    const projections: ListedProjection[] = []
    for (const it of chosen) {
      const letters = lettersOf(it)
      projections.push({
        projection: it.name,
        ...(await letters.count()),
        groups: await letters.groups(),
      })
    }
    context.terminal.answer({ database: address, projections }, () => textOf(projections, context))
  })
}

function textOf(projections: readonly ListedProjection[], { options }: CommandContext): string {
  const rows = projections.flatMap(({ projection, groups }) =>
    groups.map((group) => rowOf(projection, group)),
  )
  if (options.plain) return table(HEADINGS, rows, options)
  const names = projections.map(({ projection }) => projection).join(', ')
  if (rows.length === 0)
    return `no dead letters in ${names || 'this app, which has neither projections nor effects'}`
  return `${table(HEADINGS, rows, options)}\n${projections.flatMap(summaryOf).join('\n')}`
}

function rowOf(
  projection: string,
  { fingerprint, failed, waiting, keys, firstFailedAt, lastFailedAt, example }: LetterGroup,
): readonly string[] {
  const { error } = example
  return [
    projection,
    fingerprint ?? '-',
    String(failed),
    String(waiting),
    String(keys),
    firstFailedAt.toISOString(),
    lastFailedAt.toISOString(),
    error === undefined
      ? 'none: what came before was discarded'
      : shortened(`${error.name}: ${error.message}`, LONGEST_MESSAGE),
    `${example.id.toString()} ${eventText(example)}`,
  ]
}

function summaryOf({ projection, letters, failed, keys }: ListedProjection): readonly string[] {
  if (letters === 0) return []
  const waiting = letters - failed
  return [
    `${projection}: ${failed} failed, ${waiting} waiting behind them, ${counted(keys, 'key')} held back; ` +
      `reprise dlq show ${projection} shows ${nounFor(letters, 'it', 'them')}`,
  ]
}
