import { payloadLevel } from '../../app/payload-settings.js'
import { NothingParked } from '../../core/errors/index.js'
import type { DeadLetter, LetterSelection } from '../../subscriptions/index.js'
import { selectionText } from '../../subscriptions/letter-decisions.js'
import type { CommandContext } from '../command-context.js'
import { type SelectionOptions, selectionOf } from '../letter-selection.js'
import { letterDocument, letterText } from '../letter-text.js'
import { LoadedApp } from '../loaded-app.js'
import { subscriberCalled } from '../projection-called.js'

export interface ShowLettersOptions extends SelectionOptions {
  readonly limit?: number
}

const DEFAULT_LIMIT = 20

/**
 * Shows letters, all that is in them made harmless for a terminal, and what they carry as far as `REPRISE_DLQ_PAYLOADS` lets
 * it be seen. Changes nothing.
 *
 * @throws {@link NothingParked} when a letter that is named is not there, or none is as the flags say
 */
export async function showLetters(
  context: CommandContext,
  projection: string,
  ids: readonly bigint[],
  { limit = DEFAULT_LIMIT, ...options }: ShowLettersOptions,
): Promise<void> {
  const level = payloadLevel(process.env)
  const app = await LoadedApp.load(context)
  const model = subscriberCalled(projection, app.model)
  await app.withReadSide(async ({ lettersOf }) => {
    const deadLetters = lettersOf(model)
    const selection = selectionOf(ids, options)
    const found = await deadLetters.letters(selection, { limit: limit + 1 })
    const letters = found.slice(0, limit)
    requireFound(projection, selection, found, limit)
    const waiting = await deadLetters.waitingBehind(keysOf(letters))
    const behind = ({ sequenceKey, error }: DeadLetter): number =>
      error === undefined || sequenceKey === undefined ? 0 : (waiting.get(sequenceKey) ?? 0)
    const more = found.length > limit
    const documents = letters.map((letter) => ({
      ...letterDocument(letter, level),
      waitingBehind: behind(letter),
    }))
    context.terminal.answer({ projection, payloads: level, letters: documents, more }, () => {
      if (letters.length === 0) return `no dead letters in ${projection}`
      const rest = more ? [`there are more than ${limit}: --limit shows more, reprise dlq export all`] : []
      return [...letters.map((letter) => letterText(letter, behind(letter), level)), ...rest].join('\n\n')
    })
  })
}

/** Where nothing is asked for but all there is, none is an answer like any other. */
function requireFound(
  projection: string,
  selection: LetterSelection,
  found: readonly DeadLetter[],
  limit: number,
): void {
  const missing = (selection.ids ?? []).filter((id) => !found.some((letter) => letter.id === id))
  const isAsked = Object.keys(selection).length > 0
  if ((missing.length > 0 && found.length <= limit) || (isAsked && found.length === 0))
    throw new NothingParked(projection, selectionText({ ...selection, ids: missing }))
}

function keysOf(letters: readonly DeadLetter[]): readonly string[] {
  return [...new Set(letters.flatMap(({ sequenceKey }) => (sequenceKey === undefined ? [] : [sequenceKey])))]
}
