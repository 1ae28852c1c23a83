import { payloadLevel } from '../../app/payload-settings.js'
import { NothingParked } from '../../core/errors/index.js'
import { selectionText } from '../../subscriptions/letter-decisions.js'
import type { CommandContext } from '../command-context.js'
import { type SelectionOptions, selectionOf } from '../letter-selection.js'
import { letterDocument } from '../letter-text.js'
import { LoadedApp } from '../loaded-app.js'
import { subscriberCalled } from '../projection-called.js'

const PAGE = 100

/**
 * Prints letters, one JSON document per line, in the order of their numbers, and what they carry as far as
 * `REPRISE_DLQ_PAYLOADS` lets it be seen. Where flags choose none, nothing is printed, and standard error says so. Changes
 * nothing.
 *
 * @throws {@link NothingParked} when a letter that is named is not there, after those that are
 */
export async function exportLetters(
  context: CommandContext,
  projection: string,
  ids: readonly bigint[],
  options: SelectionOptions,
): Promise<void> {
  const { terminal, signal } = context
  const level = payloadLevel(process.env)
  if (level !== 'full')
    terminal.tell(
      { payloads: level },
      `what letters carry is not exported whole: REPRISE_DLQ_PAYLOADS is ${level}`,
    )
  const app = await LoadedApp.load(context)
  const model = subscriberCalled(projection, app.model)
  await app.withReadSide(async ({ lettersOf }) => {
    const letters = lettersOf(model)
    const selection = selectionOf(ids, options)
    const missing = new Set(ids)
    let exported = 0
    for (let after = 0n, more = true; more;) {
      signal.throwIfAborted()
      const page = await letters.letters(selection, { limit: PAGE, after })
      for (const letter of page) {
        await terminal.answerDocument({ projection, ...letterDocument(letter, level) })
        missing.delete(letter.id)
        exported += 1
      }
      after = page.at(-1)?.id ?? after
      more = page.length === PAGE
    }
    if (missing.size > 0)
      throw new NothingParked(projection, selectionText({ ...selection, ids: [...missing] }))
    if (exported === 0)
      terminal.tell(
        { exported },
        `nothing was exported: ${projection} has no letter ${selectionText(selection)}; see reprise dlq list ${projection}`,
      )
  })
}
