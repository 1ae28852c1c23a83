import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { bundledSource } from './bundled-source.js'

/** A Node process that runs a piece of code against the present source. */
export interface ModuleProcess {
  readonly pid: number
  /** The next line on its stdout; rejects with its stderr when it ends first. */
  nextLine(): Promise<string>
  /** Sends a line to its stdin. */
  send(line: string): void
  /** Its exit code, or the signal that killed it. */
  readonly ended: Promise<number | NodeJS.Signals | null>
  kill(signal: NodeJS.Signals): Promise<void>
}

const repository = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Starts a process for a module given as text. It may import files of the source by `$src/…`, with the ending
 * `.js`, and dependencies by their names.
 */
export async function startModuleProcess(
  code: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<ModuleProcess> {
  const text = code.replaceAll('$src/', `${await bundledSource()}/`)
  const child = spawn(process.execPath, ['--input-type=module', '--eval', text], {
    cwd: repository,
    env: { ...process.env, ...environment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = once(child, 'exit').then(
    ([exitCode, signal]) => (signal ?? exitCode) as number | NodeJS.Signals,
  )
  return {
    pid: child.pid ?? 0,
    nextLine: lineReader(child, ended),
    send: (line) => child.stdin.write(`${line}\n`),
    ended,
    kill: async (signal) => {
      child.kill(signal)
      await ended
    },
  }
}

function lineReader(child: ChildProcess, ended: Promise<unknown>): () => Promise<string> {
  if (child.stdout === null || child.stderr === null) throw new Error('the process has no output')
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  return async () => {
    const next = await lines.next()
    if (next.done !== true) return next.value
    throw new Error(`the process ended (${String(await ended)}): ${errors}`)
  }
}
