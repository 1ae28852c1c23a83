import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../scripts/chaos.mjs', import.meta.url))

/** Seconds of faults and load in the runs that are a part of all tests. */
export const SMOKE_SECONDS = 60
/** Milliseconds: starting and stopping servers and processes, recovering and judging take their time as well. */
export const SMOKE_TIMEOUT = (SMOKE_SECONDS + 240) * 1_000

/** What `npm run chaos` answers: its exit code, and what it printed. */
export async function runChaos(
  ...given: readonly string[]
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(process.execPath, [program, ...given], { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, output }
}
