import { type Command, InvalidArgumentError } from 'commander'
import type { CommandContext } from './command-context.js'
import type { DiscardLettersOptions } from './commands/dlq-discard.js'
import type { RetryLettersOptions } from './commands/dlq-retry.js'
import type { ShowLettersOptions } from './commands/dlq-show.js'
import { countOption } from './global-options.js'
import type { SelectionOptions } from './letter-selection.js'

/** The commands on dead letters and their flags. */
export function addDeadLetterCommands(
  program: Command,
  contextOf: (program: Command) => CommandContext,
): void {
  const letters = program
    .command('dlq')
    .description('dead letters: events that a projection, or effects, could not process')
  letters
    .command('list')
    .description('show letters in groups that failed alike, and what waits behind them')
    .argument('[projection]', 'of this projection, or these effects, only')
    .action(async (projection: string | undefined) => {
      const { listLetters } = await import('./commands/dlq-list.js')
      await listLetters(contextOf(program), projection)
    })
  const show = letters
    .command('show')
    .description('show letters, their bytes so that they do no harm and as REPRISE_DLQ_PAYLOADS allows')
  withSelection(show, '[letter...]')
    .addOption(countOption('--limit <n>', 'at most so many (default: 20)', 1))
    .action(async (projection: string, ids: readonly bigint[], options: ShowLettersOptions) => {
      const { showLetters } = await import('./commands/dlq-show.js')
      await showLetters(contextOf(program), projection, ids, options)
    })
  const retry = letters
    .command('retry')
    .description('apply letters with the code of today, each key in order; exits 4 when one fails again')
  withSelection(retry, '[letter...]')
    .option('--all', 'all letters of the projection')
    .option('--by <name>', 'who asks for it (default: the user of the operating system)')
    .option('-n, --dry-run', 'only show the plan')
    .action(async (projection: string, ids: readonly bigint[], options: RetryLettersOptions) => {
      const { retryLetters } = await import('./commands/dlq-retry.js')
      await retryLetters(contextOf(program), projection, ids, options)
    })
  const discard = letters
    .command('discard')
    .description('give letters up for good: rebuilds leave their events out as well')
  withSelection(discard, '[letter...]')
    .option('--all', 'all letters of the projection')
    .option('--reason <text>', 'why; kept for whoever asks later')
    .option('--by <name>', 'who decides it (default: the user of the operating system)')
    .option('-n, --dry-run', 'only show the plan')
    .action(async (projection: string, ids: readonly bigint[], options: DiscardLettersOptions) => {
      const { discardLetters } = await import('./commands/dlq-discard.js')
      await discardLetters(contextOf(program), projection, ids, options)
    })
  const exporting = letters
    .command('export')
    .description('print letters, a JSON document per line, their bytes as REPRISE_DLQ_PAYLOADS allows')
  withSelection(exporting, '[letter...]').action(
    async (projection: string, ids: readonly bigint[], options: SelectionOptions) => {
      const { exportLetters } = await import('./commands/dlq-export.js')
      await exportLetters(contextOf(program), projection, ids, options)
    },
  )
}

function withSelection(command: Command, ids: string): Command {
  return command
    .argument('<projection>', 'its name')
    .argument(ids, 'the numbers of letters', letterIds)
    .option('--fingerprint <text>', 'letters that failed alike: the group as list shows it')
    .option('--type <event>', 'letters with events of this type')
    .option('--key <key>', 'letters of this key, such as account-576')
}

function letterIds(text: string, before: readonly bigint[] | undefined): readonly bigint[] {
  if (/^\d{1,18}$/.test(text)) return [...(before ?? []), BigInt(text)]
  throw new InvalidArgumentError('It must be the number of a letter, as list and show give it.')
}
