import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import ts from 'typescript'
import { afterAll } from 'vitest'
import { bundledSource } from './bundled-source.js'
import { waitFor } from './wait-for.js'

/** What a run of the command line left behind. */
export interface CliRun {
  readonly exitCode: number | NodeJS.Signals
  readonly stdout: string
  readonly stderr: string
}

export interface CliOptions {
  readonly environment?: NodeJS.ProcessEnv
  readonly folder?: string
}

/** A run under way. */
export interface CliProcess {
  /** Waits until its stderr holds the text. */
  says(text: string): Promise<void>
  /** Waits until its stdout holds the text. */
  prints(text: string): Promise<void>
  signal(signal: NodeJS.Signals): void
  readonly ended: Promise<CliRun>
}

/** Runs the command line in a process of its own, without a terminal, and waits for its end. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  return (await startCli(args, options)).ended
}

export async function startCli(args: readonly string[], options: CliOptions = {}): Promise<CliProcess> {
  const main = join(await library(), 'cli', 'main.js')
  const child = spawn(process.execPath, [main, ...args], {
    cwd: options.folder ?? tmpdir(),
    env: { ...withoutSettings(process.env), ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = collect(child)
  return {
    says: async (text) => {
      await waitFor(() => output.stderr.includes(text), { what: `the command line to say "${text}"` })
    },
    prints: async (text) => {
      await waitFor(() => output.stdout.includes(text), { what: `the command line to print "${text}"` })
    },
    signal: (signal) => child.kill(signal),
    ended: once(child, 'close').then(([code, signal]) => ({
      exitCode: (signal ?? code) as number | NodeJS.Signals,
      ...output,
    })),
  }
}

/** A folder with a `reprise.config.js` that exports the small bank of these tests. */
export function bankFolder(): Promise<string> {
  return appFolder('bank')
}

/** The same for another app of these tests: the module of that name, and its export of the same name. */
export async function appFolder(app: string): Promise<string> {
  const source = await readFile(fileURLToPath(new URL(`${app}.ts`, import.meta.url)), 'utf8')
  const { outputText } = ts.transpileModule(source, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: true,
    },
  })
  const index = pathToFileURL(join(await library(), 'index.js')).href
  return folderWith({
    'package.json': '{ "type": "module" }',
    [`${app}.js`]: outputText.replace(/from 'reprise'/, `from '${index}'`),
    'reprise.config.js': `export { ${app} as default } from './${app}.js'\n`,
  })
}

/** A new folder with these files, removed after the tests of the file. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-cli-'))
  folders.push(folder)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

const folders: string[] = []
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
})

let compiled: Promise<string> | undefined

/** One for all commands and apps of a test file: two copies of the library do not know each other's classes. */
function library(): Promise<string> {
  compiled ??= bundledSource()
  return compiled
}

function collect(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  }
  return output
}

/** What the shell of the test run says about databases, logs and colours must not reach the commands under test. */
function withoutSettings(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = /^(DATABASE_URL|KAFKA_|REPRISE_|NODE_ENV|LOG_LEVEL|FORCE_COLOR|NODE_OPTIONS)/
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !settings.test(name)))
}
