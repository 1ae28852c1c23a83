// The bank, as `npm start` runs it.
import { type Arguments, argumentsOf, HELP } from './arguments.js'
import { exitCodeOf, failureText } from './failure.js'
import { interruption } from './interruption.js'
import { Progress } from './progress.js'
import { run } from './run.js'

const progress = new Progress(process.stderr)
process.exitCode = await main(process.argv.slice(2))

async function main(words: readonly string[]): Promise<number> {
  let args: Arguments | undefined
  try {
    args = argumentsOf(words)
    if (args.help) return print(HELP)
    // A process that serves stops by itself.
    const signal = args.serve ? new AbortController().signal : interruption((line) => progress.say(line))
    return await run(args, { progress, signal, print })
  } catch (error) {
    progress.say(failureText(error, args?.verbose ?? false))
    return exitCodeOf(error)
  }
}

function print(text: string): 0 {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`)
  return 0
}
