import { createHash } from 'node:crypto'
import { mkdir, readFile, readdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { installOnce } from '../../src/app/local-servers/install-once.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/**
 * A folder with the present source as JavaScript, for tests that need a process of their own (to kill it, to
 * measure it): Node cannot run the source itself. It lies under node_modules so that dependencies resolve.
 */
export async function compiledSource(): Promise<string> {
  const files = await readSource()
  const hash = createHash('sha256')
  for (const [path, text] of files) hash.update(path).update('\0').update(text)
  const folder = join(repository, 'node_modules', '.cache', 'reprise-source', hash.digest('hex').slice(0, 16))
  await installOnce(folder, async (unfinished) => {
    for (const [path, text] of files) await compile(path, text, unfinished)
    await writeFile(join(unfinished, 'package.json'), '{ "type": "module" }\n')
  })
  return folder
}

async function readSource(): Promise<readonly (readonly [path: string, text: string])[]> {
  const source = join(repository, 'src')
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    paths.sort().map(async (path) => [path.slice(source.length + 1), await readFile(path, 'utf8')] as const),
  )
}

async function compile(path: string, text: string, folder: string): Promise<void> {
  const target = join(folder, path.replace(/\.ts$/, '.js'))
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, path.endsWith('.ts') ? transpile(path, text) : text)
}

function transpile(path: string, text: string): string {
  const { outputText } = ts.transpileModule(text, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: true,
    },
  })
  return outputText
}
