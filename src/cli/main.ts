#!/usr/bin/env node
// The command line: operates the app that a module defines.
import type { Command } from 'commander'
import type { CommandContext } from './command-context.js'
import { EXIT_CODES, type ExitCode } from './exit-codes.js'
import { reportFailure } from './failure-report.js'
import { globalOptionsOf } from './global-options.js'
import { interruption } from './interruption.js'
import { packageVersion } from './package-version.js'
import { createProgram } from './program.js'
import { Terminal } from './terminal.js'

async function run(args: readonly string[]): Promise<ExitCode> {
  const program = createProgram(packageVersion(), contextOf)
  try {
    await program.parseAsync(args, { from: 'user' })
    return EXIT_CODES.done
  } catch (error) {
    const options = globalOptionsOf(program)
    // A mistake may have ended the parser before it came to this flag.
    const json = options.json || args.includes('--json')
    return reportFailure(error, new Terminal({ ...options, json }))
  }
}

function contextOf(program: Command): CommandContext {
  const options = globalOptionsOf(program)
  const terminal = new Terminal(options)
  const signal = interruption(() => {
    const text = 'stopping cleanly; Ctrl-C once more stops at once and may leave things for the next run'
    // A terminal shows ^C in the line where the cursor is.
    terminal.tell({ stopping: 'cleanly' }, terminal.stderr.isTTY ? `\n${text}` : text)
  })
  return { options, terminal, signal }
}

// Whoever reads our output may stop reading, as `head` does: nothing is left to say then.
process.stdout.on('error', () => process.exit(EXIT_CODES.failed))

const exitCode = await run(process.argv.slice(2))
// What the app's module left open must not keep a finished command alive.
process.stdout.write('', () => process.exit(exitCode))
