import { type Command, InvalidArgumentError, Option } from 'commander'
import { INSTANT_KINDS } from '../aggregates/time-travel.js'
import type { CommandContext } from './command-context.js'
import type { ShowEventsOptions } from './commands/events-show.js'
import type { TailEventsOptions } from './commands/events-tail.js'

/** The commands on stored events and their flags. */
export function addEventCommands(program: Command, contextOf: (program: Command) => CommandContext): void {
  const events = program.command('events').description('what was stored')
  events
    .command('show')
    .description('show the history of one aggregate, and what came of it')
    .argument('<aggregate>', 'its name')
    .argument('<id>', 'the id of the instance')
    .option('--state', 'also the state that its events fold to, where the aggregate declares one')
    .addOption(new Option('--at-version <n>', 'up to this version').argParser(wholeNumber))
    .addOption(
      new Option('--at <instant>', 'up to this instant, such as 2026-03-01T12:00:00Z').argParser(instant),
    )
    .addOption(
      new Option('--by <time>', 'which time of an event --at is compared with (default: recordedAt)').choices(
        INSTANT_KINDS,
      ),
    )
    .action(async (aggregate: string, id: string, options: ShowEventsOptions) => {
      const { showEvents } = await import('./commands/events-show.js')
      await showEvents(contextOf(program), aggregate, id, options)
    })
  events
    .command('tail')
    .description('print events as they are stored, one line each, until Ctrl-C')
    .option('--aggregate <name...>', 'of these aggregates only')
    .option('--type <event...>', 'of these types only')
    .addOption(
      new Option(
        '--since <position>',
        'begin after this position (default: now; with --no-follow before the first event)',
      ).argParser(position),
    )
    .option('--no-follow', 'end where the store ends now')
    .action(async (options: TailEventsOptions) => {
      const { tailEvents } = await import('./commands/events-tail.js')
      await tailEvents(contextOf(program), options)
    })
}

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number from 1 on.')
}

function position(text: string): bigint {
  if (/^\d{1,18}$/.test(text)) return BigInt(text)
  throw new InvalidArgumentError('It must be a position, a whole number from 0 on.')
}

/** With a zone: what an hour means on another machine must not decide what is shown. */
function instant(text: string): Date {
  const written = /^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T23:59:59.999Z` : text
  const time = new Date(written)
  if (!Number.isNaN(time.getTime()) && /(Z|[+-]\d{2}:?\d{2})$/.test(written)) return time
  throw new InvalidArgumentError(
    'It must be like 2026-03-01T12:00:00Z, or 2026-03-01 for the end of that day in UTC.',
  )
}
