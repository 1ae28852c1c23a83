import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { compiledExample } from './compiled-example.js'

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
  return { child, ended: result(child) }
}

/** Runs the example to its end. */
export async function runBanking(
  databaseUrl: string,
  flags: readonly string[],
  environment?: NodeJS.ProcessEnv,
): Promise<BankingRun> {
  return (await startBanking(databaseUrl, flags, environment)).ended
}

async function result(child: ChildProcess): Promise<BankingRun> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null]
  return { exit: signal ?? code ?? -1, stdout, stderr }
}
