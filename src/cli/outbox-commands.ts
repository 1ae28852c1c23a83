import type { Command } from 'commander'
import type { CommandContext } from './command-context.js'
import type { RetryOutboxOptions } from './commands/outbox-retry.js'

/** The commands on what waits to be published, and their flags. */
export function addOutboxCommands(program: Command, contextOf: (program: Command) => CommandContext): void {
  const outbox = program.command('outbox').description('what is committed and not yet published')
  outbox
    .command('status')
    .description('show what waits, who publishes it, and what the log refused')
    .action(async () => {
      const { showOutbox } = await import('./commands/outbox-status.js')
      await showOutbox(contextOf(program))
    })
  outbox
    .command('retry')
    .description('publish rows again that the log refused, and what waits behind them')
    .option('--topic <topic>', 'of this topic, with --key')
    .option('--key <key>', 'of this key, with --topic')
    .option('--all', 'all of them')
    .option('--by <name>', 'who asks for it (default: the user of the operating system)')
    .option('-n, --dry-run', 'only show the plan')
    .action(async (options: RetryOutboxOptions) => {
      const { retryOutbox } = await import('./commands/outbox-retry.js')
      await retryOutbox(contextOf(program), options)
    })
}
