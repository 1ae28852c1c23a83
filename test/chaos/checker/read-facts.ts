import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { FACTS_FORMAT, ReadingFacts, RunFacts } from '../facts.js'
import { FACT_FILES, type FactName, type Facts } from './facts.js'

const FORMAT: typeof FACTS_FORMAT = 1

/** The run did not end, or left facts of a form that this checker does not read: there is nothing to judge. */
export class NothingToJudge extends Error {}

/**
 * Reads the facts of a run from its folder. A file that is missing or broken does not stop it: it is named in `missing`.
 *
 * @throws {@link NothingToJudge} without a readable `run.json`
 */
export async function readFacts(folder: string): Promise<Facts> {
  const run = await readRun(folder)
  const missing = new Map<FactName, string>()
  const lines = async <T>(name: FactName): Promise<readonly T[]> =>
    orMissing(missing, name, [], () => readLines<T>(join(folder, FACT_FILES[name])))
  const document = async <T>(name: FactName, otherwise: T): Promise<T> =>
    orMissing(missing, name, otherwise, () => readJson<T>(join(folder, FACT_FILES[name])))
  return {
    run,
    history: await lines('history'),
    events: await lines('events'),
    topics: await document('topics', []),
    records: await lines('records'),
    reading: await document<ReadingFacts>('reading', { takenAt: 0, projections: [] }),
    samples: await lines('samples'),
    effects: await lines('effects'),
    timeline: await lines('timeline'),
    missing,
  }
}

async function readRun(folder: string): Promise<RunFacts> {
  const path = join(folder, 'run.json')
  const run = await readJson<RunFacts>(path).catch((error: unknown) => {
    throw new NothingToJudge(`${path} cannot be read, so the run did not end: ${reasonOf(error)}`)
  })
  const found: unknown = run.format
  if (found !== FORMAT)
    throw new NothingToJudge(`${path} has format ${String(found)}; this checker reads format ${FORMAT}`)
  return run
}

async function orMissing<T>(
  missing: Map<FactName, string>,
  name: FactName,
  otherwise: T,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read()
  } catch (error) {
    missing.set(name, reasonOf(error))
    return otherwise
  }
}

const readJson = async <T>(path: string): Promise<T> => JSON.parse(await readFile(path, 'utf8')) as T

async function readLines<T>(path: string): Promise<readonly T[]> {
  const found: T[] = []
  let number = 0
  for await (const line of createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: Infinity })) {
    number++
    if (line === '') continue
    try {
      found.push(JSON.parse(line) as T)
    } catch (error) {
      throw new Error(`line ${number} of ${path} is no JSON: ${reasonOf(error)}`)
    }
  }
  return found
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
