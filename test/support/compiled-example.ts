import { createHash } from 'node:crypto'
import { cp, mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { installOnce } from '../../src/app/local-servers/install-once.js'
import { bundledSource } from './bundled-source.js'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const example = join(repository, 'examples', 'banking')

/** The present example as JavaScript over the present source, whatever was built before: the path of its main module. */
export async function compiledExample(): Promise<string> {
  const library = await bundledSource()
  const files = await readSource()
  const hash = createHash('sha256').update(library)
  for (const [path, text] of files) hash.update(path).update('\0').update(text)
  const cache = join(repository, 'node_modules', '.cache', 'reprise-example')
  const folder = join(cache, hash.digest('hex').slice(0, 16))
  await installOnce(folder, async (unfinished) => {
    for (const [path, text] of files) await compile(path, text, join(unfinished, 'dist'))
    await cp(join(example, 'data'), join(unfinished, 'data'), { recursive: true })
    await writeFile(join(unfinished, 'package.json'), '{ "type": "module" }\n')
    const reprise = join(unfinished, 'node_modules', 'reprise')
    await mkdir(reprise, { recursive: true })
    await symlink(library, join(reprise, 'dist'))
    await writeFile(join(reprise, 'package.json'), '{ "type": "module", "exports": "./dist/index.js" }\n')
  })
  return join(folder, 'dist', 'main.js')
}

async function readSource(): Promise<readonly (readonly [path: string, text: string])[]> {
  const source = join(example, 'src')
  const entries = await readdir(source, { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return Promise.all(
    paths.sort().map(async (path) => [path.slice(source.length + 1), await readFile(path, 'utf8')] as const),
  )
}

async function compile(path: string, text: string, folder: string): Promise<void> {
  const target = join(folder, path.replace(/\.ts$/, '.js'))
  const { outputText } = ts.transpileModule(text, {
    fileName: path,
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: true,
    },
  })
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, outputText)
}
