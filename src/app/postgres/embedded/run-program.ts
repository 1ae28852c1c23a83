import { spawn } from 'node:child_process'
import { type ServerAccount } from './server-account.js'

export interface ProgramResult {
  /** The exit code; undefined when the program could not be started or was killed. */
  readonly code: number | undefined
  /** What it wrote to stdout and stderr, or why it could not be started. */
  readonly output: string
}

/** Runs a program to its end. Never rejects. */
export function runProgram(
  program: string,
  args: readonly string[],
  account?: ServerAccount,
): Promise<ProgramResult> {
  return new Promise((resolve) => {
    const child = spawn(program, args, {
      ...account,
      cwd: '/',
      env: serverEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
    })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', (error) => resolve({ code: undefined, output: error.message }))
    child.once('close', (code) => resolve({ code: code ?? undefined, output }))
  })
}

/**
 * The environment of a server: nothing of ours but what programs need to run. `PG…` variables would change
 * its settings, secrets would be readable for everybody under the same account, and messages in the
 * machine's language would be harder to search for.
 */
export function serverEnvironment(): NodeJS.ProcessEnv {
  const kept = ['PATH', 'SystemRoot', 'TEMP', 'TMP']
  const inherited = kept.flatMap((name) => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(inherited), LC_ALL: 'C', TZ: 'UTC' }
}
