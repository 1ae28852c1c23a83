import { Command, Option } from 'commander'
import type { RebuildSource } from '../projections/rebuild.js'
import type { MigrateOptions } from './commands/db-migrate.js'
import type { AcceptCommandOptions } from './commands/projection-accept.js'
import type { RebuildCommandOptions } from './commands/projection-rebuild.js'
import type { VerifyReservationsOptions } from './commands/reservations-verify.js'
import type { CommandContext } from './command-context.js'
import { addDeadLetterCommands } from './dead-letter-commands.js'
import { addEventCommands } from './event-commands.js'
import { addGlobalOptions, countOption, durationOption } from './global-options.js'
import { addOutboxCommands } from './outbox-commands.js'

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
  addDeadLetterCommands(program, contextOf)
  addEventCommands(program, contextOf)
  addOutboxCommands(program, contextOf)
  addReservationCommands(program, contextOf)
  program
    .command('doctor')
    .description(
      'examine everything the app runs on, with a remedy for each problem; exits 4 when there is one',
    )
    .action(async () => {
      const { doctor } = await import('./commands/doctor.js')
      await doctor(contextOf(program))
    })
  program
    .command('config')
    .description('show every setting with its source, without connecting to anything')
    .action(async () => {
      const { showConfiguration } = await import('./commands/config.js')
      await showConfiguration(contextOf(program))
    })
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
  database
    .command('sql')
    .description('print the SQL of an empty database, without connecting to anything')
    .action(async () => {
      const { showDatabaseSql } = await import('./commands/db-sql.js')
      await showDatabaseSql(contextOf(program))
    })
}

function addReservationCommands(program: Command, contextOf: (program: Command) => CommandContext): void {
  program
    .command('reservations')
    .description('values that one stream at a time may hold')
    .command('verify')
    .description('compare the table of reservations with history; exits 4 when they differ')
    .option('--repair', 'make the table again from history')
    .action(async (options: VerifyReservationsOptions) => {
      const { verifyReservations } = await import('./commands/reservations-verify.js')
      await verifyReservations(contextOf(program), options)
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
    .command('accept')
    .description(
      'let this build feed the live generation, where it would be refused: after a plan that says what it means',
    )
    .argument('<name>', 'the projection')
    .option('--by <name>', 'who decides it (default: the user of the operating system)')
    .option(DRY_RUN, 'only show the plan')
    .action(async (name: string, options: AcceptCommandOptions) => {
      const { acceptProjection } = await import('./commands/projection-accept.js')
      await acceptProjection(contextOf(program), name, options)
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
    .addOption(
      countOption('--allow-parked <n>', 'swap also when so many events could not be applied (default: 0)'),
    )
    .option(DRY_RUN, 'only show the plan')
    .action(async (name: string, options: RebuildCommandOptions) => {
      const { rebuildProjection } = await import('./commands/projection-rebuild.js')
      await rebuildProjection(contextOf(program), name, options)
    })
}
