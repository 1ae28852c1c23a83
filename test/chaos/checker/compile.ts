import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const source = fileURLToPath(new URL('.', import.meta.url))

/** What belongs to the program, without its tests, the runs they simulate, and this file. */
const isOfProgram = (path: string): boolean =>
  path.endsWith('.ts') && !path.endsWith('.test.ts') && !path.startsWith('simulated') && path !== 'compile.ts'

export const programFiles = async (): Promise<readonly string[]> =>
  (await readdir(source, { recursive: true })).filter(isOfProgram).toSorted()

/** The checker as JavaScript in a folder of its own; answers the file to run with Node. Nothing else is beside it. */
export async function compiledChecker(folder?: string): Promise<string> {
  const target = folder ?? (await mkdtemp(join(tmpdir(), 'reprise-checker-')))
  for (const path of await programFiles()) {
    const text = await readFile(join(source, path), 'utf8')
    const { outputText } = ts.transpileModule(text, {
      fileName: path,
      compilerOptions: {
        target: ts.ScriptTarget.ES2022,
        module: ts.ModuleKind.ESNext,
        verbatimModuleSyntax: true,
      },
    })
    const file = join(target, path.replace(/\.ts$/, '.js'))
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, outputText)
  }
  await writeFile(join(target, 'package.json'), '{ "type": "module" }\n')
  return join(target, 'main.js')
}
