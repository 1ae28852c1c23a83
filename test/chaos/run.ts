import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Arguments, argumentsFrom, reproOf, USAGE } from './arguments.js'
import { type PlantedFault, plantedFaults } from './planted.js'
import { runOnce } from './run-once.js'

// npm run chaos: breaks a bank in every way there is, and has its facts judged.

/** Runs in which a planted fault has to show. */
const MOST_TRIES = 3
const checker = fileURLToPath(new URL('./checker/main.js', import.meta.url))

async function main(): Promise<number> {
  let asked: Arguments
  try {
    asked = argumentsFrom(process.argv.slice(2))
  } catch (error) {
    line(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    return 64
  }
  return asked.planted === undefined ? runAndJudge(asked) : catchPlanted(asked, asked.planted)
}

/** The checker's exit code. */
async function runAndJudge(asked: Arguments): Promise<number> {
  const folder = await folderFor(asked)
  const verdict = await runInto(folder, asked)
  line(`again: ${reproOf(asked)}`)
  if (verdict === 0 && asked.keep === undefined) await rm(folder, { recursive: true })
  else line(`report: ${join(folder, 'report.html')}`)
  return verdict
}

const folderFor = ({ keep }: Arguments): Promise<string> =>
  keep === undefined ? mkdtemp(join(tmpdir(), 'reprise-chaos-facts-')) : Promise.resolve(resolve(keep))

async function runInto(folder: string, asked: Arguments): Promise<number> {
  line(`chaos on the ${asked.log} log, seed ${asked.seed}, facts in ${folder}`)
  await runOnce(asked, folder, (text) => line(`  ${elapsed()}  ${text}`))
  return judge(folder)
}

async function judge(folder: string): Promise<number> {
  if (!existsSync(checker)) {
    line('THE CHECKER IS MISSING: nothing was judged')
    return 1
  }
  const child = spawn(process.execPath, [checker, folder], { stdio: 'inherit' })
  const [code] = (await once(child, 'exit')) as [number | null]
  return code ?? 1
}

/** Each of them must be caught: 0 if all are. */
async function catchPlanted(asked: Arguments, name: string): Promise<number> {
  const faults = (await plantedFaults()).filter((it) => name === 'all' || it.name === name)
  if (faults.length === 0) {
    line(`there is no planted fault ${name}`)
    return 64
  }
  const missed: string[] = []
  for (const fault of faults) {
    if (await isCaught(asked, fault)) continue
    line(`NOT CAUGHT: ${fault.name}`)
    missed.push(fault.name)
  }
  line(`${faults.length - missed.length} of ${faults.length} planted faults were caught`)
  return missed.length === 0 ? 0 : 1
}

/** The invariants that did not survive a run. */
async function violatedIn(asked: Arguments): Promise<readonly string[]> {
  const folder = await folderFor(asked)
  try {
    await runInto(folder, asked)
    const { verdicts } = JSON.parse(await readFile(join(folder, 'report.json'), 'utf8')) as Report
    return verdicts.filter(({ state }) => state === 'violated').map(({ id }) => id)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** What of the checker's report is of interest here. */
interface Report {
  readonly verdicts: readonly { readonly id: string; readonly state: string }[]
}

/** Chance may spare a fault once: it has a few runs to show in. */
async function isCaught(asked: Arguments, fault: PlantedFault): Promise<boolean> {
  const log = fault.log === 'both' ? asked.log : fault.log
  const { name, mix, catches, seconds = 40 } = fault
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const seed = asked.seed + tries
    const run = { ...asked, seed, log, mix: [...mix], seconds, planted: name, keep: undefined }
    const violated = await violatedIn(run)
    if (!violated.some((it) => catches.includes(it))) continue
    line(`caught: ${name}, by ${violated.join(', ')}`)
    return true
  }
  return false
}

const began = Date.now()
const elapsed = (): string => `${((Date.now() - began) / 1_000).toFixed(0).padStart(4)} s`
const line = (text: string): boolean => process.stdout.write(`${text}\n`)

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    line(`the run failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    process.exit(70)
  },
)
