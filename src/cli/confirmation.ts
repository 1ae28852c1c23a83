import { createInterface } from 'node:readline/promises'
import { CliError } from './cli-error.js'
import type { CommandContext } from './command-context.js'

/**
 * Asks whether to go on, where somebody is there to answer: at a terminal, outside CI, and neither `--yes` nor
 * `--no-input` was given. Elsewhere it goes on. No answer is a no.
 *
 * @throws {@link CliError} when the answer is no, or the asking was interrupted
 */
export async function confirm(
  question: string,
  { options, signal }: Pick<CommandContext, 'options' | 'signal'>,
): Promise<void> {
  if (options.yes || !canAsk(options)) return
  const answer = await ask(`${question} [y/N] `, signal)
  if (!/^y(es)?$/i.test(answer.trim())) throw new CliError('DECLINED', 'not confirmed: nothing was changed')
}

/**
 * Asks as {@link confirm} does before what cannot be undone: where nobody is there to answer, only `--yes` lets it go on.
 *
 * @throws {@link CliError} when the answer is no, or there is none
 */
export async function confirmForGood(
  question: string,
  context: Pick<CommandContext, 'options' | 'signal'>,
): Promise<void> {
  if (!context.options.yes && !canAsk(context.options))
    throw new CliError(
      'DECLINED',
      'not confirmed: nothing was changed; where nobody can be asked, --yes lets it go on',
    )
  return confirm(question, context)
}

const canAsk = ({ input }: CommandContext['options']): boolean =>
  input && process.stdin.isTTY && process.stderr.isTTY && !process.env['CI']

async function ask(question: string, signal: AbortSignal): Promise<string> {
  // Without `terminal` Ctrl-C stays a signal of the process, which is what ends a command.
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  try {
    // A question never settles when the input ends before an answer.
    const ended = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
    return await Promise.race([lines.question(question, { signal }), ended])
  } catch (error) {
    signal.throwIfAborted()
    throw error
  } finally {
    lines.close()
  }
}
