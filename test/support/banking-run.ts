import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { compiledExample } from './compiled-example.js'
import { waitFor } from './wait-for.js'

/** What a run of the example came to. */
export interface BankingRun {
  /** Its exit code, or the signal that killed it. */
  readonly exit: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

/** A run of the example that goes on. */
export interface BankingProcess {
  readonly child: ChildProcess
  readonly ended: Promise<BankingRun>
  /** Resolves when it has said this on standard error; rejects when it ended without. */
  said(text: string): Promise<void>
}

/** The JSON document of a run; it throws when standard output is anything else. */
export function documentOf({ stdout }: BankingRun): Record<string, unknown> {
  return JSON.parse(stdout) as Record<string, unknown>
}

/** Starts the present example as a process of its own, on the Postgres log of a database. */
export async function startBanking(
  databaseUrl: string,
  flags: readonly string[],
  environment: NodeJS.ProcessEnv = {},
): Promise<BankingProcess> {
  const child = spawn(process.execPath, [await compiledExample(), ...flags], {
    env: {
      ...process.env,
      // The default is longer than a test that kills wants to wait.
      REPRISE_LEASE_MS: '1000',
      KAFKA_BROKERS: '',
      NODE_ENV: '',
      ...environment,
      DATABASE_URL: databaseUrl,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return follow(child)
}

/** Runs the example to its end. */
export async function runBanking(
  databaseUrl: string,
  flags: readonly string[],
  environment?: NodeJS.ProcessEnv,
): Promise<BankingRun> {
  return (await startBanking(databaseUrl, flags, environment)).ended
}

function follow(child: ChildProcess): BankingProcess {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const ended = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => ({
    exit: signal ?? code ?? -1,
    stdout,
    stderr,
  }))
  const said = async (text: string): Promise<void> => {
    const heard = waitFor(() => stderr.includes(text), { what: `"${text}" to be said`, deadline: 60_000 })
    await Promise.race([
      heard,
      ended.then(({ exit }) => {
        if (!stderr.includes(text)) throw new Error(`ended with ${exit} before it said "${text}"\n${stderr}`)
      }),
    ])
  }
  return { child, ended, said }
}
