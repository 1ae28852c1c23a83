import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it, onTestFinished } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)

/** What checking the types of the bank may cost: half as much again as the 33,200 when this was written. */
const MOST_INSTANTIATIONS = 50_000
/** Seconds, where it took 2.6; wide, since machines differ. The figure that tells is the one above. */
const LONGEST_CHECK = 15

/** A folder in which dependencies resolve, gone after the test. */
async function temporaryFolder(): Promise<string> {
  const cache = join(repository, 'node_modules', '.cache')
  await mkdir(cache, { recursive: true })
  const folder = await mkdtemp(join(cache, 'reprise-types-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  return folder
}

async function tsc(...options: string[]): Promise<string> {
  try {
    const compiler = join(repository, 'node_modules', 'typescript', 'bin', 'tsc')
    return (await run(process.execPath, [compiler, ...options])).stdout
  } catch (error) {
    // What is wrong stands in what it printed.
    throw new Error((error as { readonly stdout?: string }).stdout, { cause: error })
  }
}

/** The library's declarations, as its package has them. */
async function declarations(folder: string): Promise<string> {
  const out = join(folder, 'reprise')
  const options = [
    '--declaration',
    '--emitDeclarationOnly',
    '--sourceMap',
    'false',
    '--inlineSources',
    'false',
    '--noCheck',
    '--outDir',
    out,
  ]
  await tsc('-p', join(repository, 'tsconfig.build.json'), ...options)
  return out
}

function figure(diagnostics: string, name: string): number {
  const value = new RegExp(`^${name}:\\s*([\\d.]+)s?$`, 'm').exec(diagnostics)?.[1]
  if (value === undefined) throw new Error(`tsc does not say its ${name}:\n${diagnostics}`)
  return Number(value)
}

it('the bank is checked within the bounds that are stated for it', { timeout: 120_000 }, async () => {
  const folder = await temporaryFolder()
  const library = await declarations(folder)
  const config = {
    extends: join(repository, 'tsconfig.json'),
    compilerOptions: {
      paths: { reprise: [join(library, 'index.d.ts')] },
      typeRoots: [join(repository, 'node_modules/@types')],
    },
    include: [join(repository, 'examples/banking/src')],
    exclude: [],
  }
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config))

  const diagnostics = await tsc('-p', join(folder, 'tsconfig.json'), '--extendedDiagnostics')
  const instantiations = figure(diagnostics, 'Instantiations')
  const seconds = figure(diagnostics, 'Check time')

  console.info(
    `type checking the bank: ${instantiations} instantiations (at most ${MOST_INSTANTIATIONS}), ` +
      `${seconds} s (at most ${LONGEST_CHECK} s)`,
  )
  expect(instantiations).toBeLessThan(MOST_INSTANTIATIONS)
  expect(seconds).toBeLessThan(LONGEST_CHECK)
})
