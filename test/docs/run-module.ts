import ts from 'typescript'
import { type ModuleProcess, startModuleProcess } from '../support/module-process.js'

/** What a program did. */
export interface Run {
  readonly exit: Awaited<ModuleProcess['ended']>
  /** Its lines on standard output. */
  readonly printed: string
  /** What it said last, standard error included. */
  readonly ending: string
}

const sources = new Map([
  ['reprise', '$src/index.js'],
  ['reprise/kafka', '$src/kafka.js'],
  ['reprise/testing', '$src/testing.js'],
])

/** Runs a module that imports the package by its name, in a process of its own and on a database. */
export async function run(module: string, databaseUrl: string): Promise<Run> {
  const { outputText } = ts.transpileModule(module, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
    },
  })
  const code = outputText.replaceAll(
    /from '(reprise(?:\/\w+)?)'/g,
    (_all, name: string) => `from '${sources.get(name) ?? name}'`,
  )
  const process = await startModuleProcess(code, {
    DATABASE_URL: databaseUrl,
    TEST_DATABASE_URL: databaseUrl,
    KAFKA_BROKERS: '',
    LOG_LEVEL: 'warn',
  })
  const lines: string[] = []
  for (;;) {
    try {
      lines.push(await process.nextLine())
    } catch (end) {
      return { exit: await process.ended, printed: lines.join('\n'), ending: String(end) }
    }
  }
}
