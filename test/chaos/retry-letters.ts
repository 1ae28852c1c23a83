import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Servers } from './servers/servers.js'

const run = promisify(execFile)
const cli = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url))
const app = fileURLToPath(new URL('./workload/app.js', import.meta.url))

/** What an operator does when the handler has been repaired. Answers what the command said last. */
export async function retryLetters(servers: Servers, repaired: string): Promise<string> {
  const { databaseUrl, readDatabaseUrl, brokers } = servers.around()
  const environment = {
    ...process.env,
    NODE_ENV: '',
    LOG_LEVEL: 'error',
    CHAOS_REPAIRED: repaired,
    CHAOS_SEPARATE: readDatabaseUrl === undefined ? 'no' : 'yes',
    DATABASE_URL: databaseUrl,
    READ_DATABASE_URL: readDatabaseUrl ?? '',
    KAFKA_BROKERS: brokers ?? '',
    REPRISE_LOG: brokers === undefined ? 'postgres' : 'kafka',
  }
  const parameters = [cli, 'dlq', 'retry', 'statements', '--all', '--yes', '--app', app]
  try {
    const { stdout } = await run(process.execPath, parameters, { env: environment, timeout: 30_000 })
    return lastLine(stdout)
  } catch (error) {
    // Letters that fail again, and none at all, end it with another exit code than 0.
    const { stdout, stderr, message } = error as { stdout?: string; stderr?: string; message: string }
    return lastLine(`${stdout ?? ''}\n${stderr ?? ''}`) || message
  }
}

const lastLine = (text: string): string => text.trim().split('\n').at(-1) ?? ''
