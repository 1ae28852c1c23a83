import { Command, Option } from 'commander'
import type { RebuildSource } from '../projections/rebuild.js'
import type { MigrateOptions } from './commands/db-migrate.js'
import type { RebuildCommandOptions } from './commands/projection-rebuild.js'
import type { CommandContext } from './command-context.js'
import { addGlobalOptions, durationOption } from './global-options.js'

const SOURCES: readonly RebuildSource[] = ['log', 'store']
const DRY_RUN = '-n, --dry-run'

/**
 * The commands and their flags. What a command needs is loaded when it runs, so that help and mistakes are answered at
 * once. Throws a `CommanderError` instead of ending the process; messages are left to whoever catches it.
 */
export function createProgram(version: string, contextOf: (program: Command) => CommandContext): Command {
  const program = new Command('reprise')
    .description('Operates the event-sourced app that a module defines.')
    .version(version, '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ outputError: () => undefined })
    .exitOverride()
  addGlobalOptions(program)
  addDatabaseCommands(program, contextOf)
  addProjectionCommands(program, contextOf)
  program
    .command('describe')
    .description('show the app as it is wired, without connecting to anything')
    .action(async () => {
      const { describe } = await import('./commands/describe.js')
      await describe(contextOf(program))
    })
  return program
}

function addDatabaseCommands(program: Command, contextOf: (program: Command) => CommandContext): void {
  const database = program.command('db').description('the schemas of both sides')
  database
    .command('status')
    .description('show which migrations are applied and pending')
    .action(async () => {
      const { showDatabaseStatus } = await import('./commands/db-status.js')
      await showDatabaseStatus(contextOf(program))
    })
  database
    .command('migrate')
    .description('apply pending migrations')
    .option(DRY_RUN, 'only show the SQL that it would run')
    .action(async (options: MigrateOptions) => {
      const { migrateDatabase } = await import('./commands/db-migrate.js')
      await migrateDatabase(contextOf(program), options)
    })
}

function addProjectionCommands(program: Command, contextOf: (program: Command) => CommandContext): void {
  const projection = program.command('projection').description('projections and their generations')
  projection
    .command('list')
    .description('show how far every projection is, and what stopped it')
    .action(async () => {
      const { listProjections } = await import('./commands/projection-list.js')
      await listProjections(contextOf(program))
    })
  projection
    .command('rebuild')
    .description('build a read model anew from the first event, beside the one that readers see')
    .argument('<name>', 'the projection')
    .addOption(
      new Option('--from <source>', 'where to read history (default: the log while it is complete)').choices(
        SOURCES,
      ),
    )
    .addOption(
      durationOption('--swap-timeout <duration>', 'longest wait for readers (default: --timeout, else 30s)'),
    )
    .option(DRY_RUN, 'only show the plan')
    .action(async (name: string, options: RebuildCommandOptions) => {
      const { rebuildProjection } = await import('./commands/projection-rebuild.js')
      await rebuildProjection(contextOf(program), name, options)
    })
}
