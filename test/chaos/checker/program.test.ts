import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compiledChecker, programFiles } from './compile.js'
import { FACT_FILES, type FactName, type Facts } from './facts.js'
import { BREAKAGES } from './simulated/breakages.js'
import { simulatedRun } from './simulated/run.js'
import { theFirst, writable } from './simulated/writable.js'

let folder: string
let program: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reprise-facts-'))
  program = await compiledChecker(join(folder, 'program'))
})
afterAll(() => rm(folder, { recursive: true }))

/** Writes the facts as a run does, and lets the program judge them. */
async function judged(facts: Facts): Promise<{ code: number; output: string; page: string; report: string }> {
  const run = await mkdtemp(join(folder, 'run-'))
  await writeFile(join(run, 'run.json'), JSON.stringify(facts.run))
  for (const [name, file] of Object.entries(FACT_FILES) as [FactName, string][]) {
    const content: unknown = facts[name]
    const text =
      file.endsWith('.ndjson') && Array.isArray(content)
        ? content.map((it) => `${JSON.stringify(it)}\n`).join('')
        : JSON.stringify(content)
    await writeFile(join(run, file), text)
  }
  const { code, output } = await runProgram(run)
  const read = (file: string): Promise<string> => readFile(join(run, file), 'utf8')
  return { code, output, page: await read('report.html'), report: await read('report.json') }
}

const runProgram = (...args: string[]): Promise<{ code: number; output: string }> =>
  new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, output: stdout + stderr }),
    )
  })

describe('the checker as a program', () => {
  it('imports nothing but Node and its own files', async () => {
    for (const path of await programFiles()) {
      const text = await readFile(new URL(path, import.meta.url), 'utf8')
      const imports = [...text.matchAll(/^import (?!type )(?:[^'"]*? from )?'([^']+)'/gm)].map(
        ([, from]) => from ?? '',
      )
      const outside = path.includes('/') ? /^(node:|\.\/|\.\.\/(?!\.\.))/ : /^(node:|\.\/)/
      expect(
        imports.filter((from) => !outside.test(from)),
        path,
      ).toEqual([])
      expect(text, path).not.toMatch(/\bimport\(/)
    }
  })

  it('ends with 0 and a line per invariant where all hold', async () => {
    const { code, output, report, page } = await judged(simulatedRun(1))
    expect(output.match(/^I\d+ +ok /gm)).toHaveLength(12)
    expect(code).toBe(0)
    expect(JSON.parse(report)).toMatchObject({
      holds: true,
      figures: { faults: { kill: 1, 'pg-immediate': 1 } },
    })
    expect(page).toContain('Every invariant holds')
  })

  it('ends with 4 and the way of an event where one is violated', async () => {
    const facts = writable(simulatedRun(1))
    theFirst(BREAKAGES, ({ what }) => what === 'an event is in no topic').break(facts)
    const { code, output, page } = await judged(facts)
    expect(code).toBe(4)
    expect(output).toMatch(/^I3 {2}VIOLATED/m)
    expect(output).toContain(`again: ${facts.run.repro}`)
    expect(page).toContain('I3 violated')
    expect(page).toContain('is committed and in no topic')
  })

  it('ends with 4 where a file is cut off in the middle', async () => {
    const run = await mkdtemp(join(folder, 'run-'))
    await writeFile(join(run, 'run.json'), JSON.stringify(simulatedRun(1).run))
    await writeFile(join(run, 'events.ndjson'), '{"position":"1","stre')
    const { code, output } = await runProgram(run)
    expect(code).toBe(4)
    expect(output).toMatch(/^I2 {2}unknown/m)
    expect(output).toContain('line 1 of')
    expect(output.match(/^I\d+ +unknown /gm)).toHaveLength(12)
  })

  it('ends with 2 where no run has ended', async () => {
    const { code, output } = await runProgram(join(folder, 'nowhere'))
    expect(code).toBe(2)
    expect(output).toContain('the run did not end')
  })

  it('shows what hostile records said as text, and needs nothing from outside', async () => {
    const facts = writable(simulatedRun(1))
    facts.records.push({
      topic: 'bank.account',
      partition: 0,
      offset: '99999',
      key: '<script>alert(1)</script>',
      headers: { ce_id: '"><img src=x>' },
      value: null,
      timestamp: facts.run.startedAt,
    })
    const { page } = await judged(facts)
    const outside = /<script>alert|<img|https?:|url\(|@import|<[^>]* src=|<link/.exec(page)?.[0]
    expect(outside).toBeUndefined()
  })
})
