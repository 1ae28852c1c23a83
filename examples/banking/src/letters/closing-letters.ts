import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type EffectContext, Effects, On } from 'reprise'
import { Account } from '../account/account.js'
import { AccountClosed } from '../account/events.js'

/** Where letters go out: a folder here, a letter-shop elsewhere. */
const lettersFolder = (): string => process.env['BANK_LETTERS'] ?? join('.reprise', 'letters')

/**
 * Confirms to the owner of an account that it is closed. A letter is named after its idempotency key, so that one which is
 * written again takes its own place.
 */
@Effects({ name: 'closing_letters', from: [Account] })
export class ClosingLetters {
  @On(AccountClosed)
  async closed({ closedOn }: AccountClosed, { idempotencyKey, envelope, signal }: EffectContext) {
    const folder = lettersFolder()
    const text = `Your account ${envelope.stream.id} was closed on ${closedOn}.\n`
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, `${idempotencyKey.replace(':', '-')}.txt`), text, { signal })
  }
}
