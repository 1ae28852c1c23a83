// The present source and the programs of test/chaos as JavaScript: Node cannot run TypeScript with decorators.
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, statSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { bundle } from './bundle.mjs'

const repository = fileURLToPath(new URL('..', import.meta.url))
const ROOTS = ['src', 'test/chaos', 'test/support']
/** What runs start many processes of, beside the tree in few files: `programs/<name>.js`. */
const PROGRAMS = {
  'chaos-worker': 'test/chaos/workload/worker',
  'failpoint-worker': 'test/chaos/failpoints/worker',
}
/** Older folders are of earlier states of the source: no run takes so long. */
const KEPT = 6 * 3_600_000
const compilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  experimentalDecorators: true,
  useDefineForClassFields: true,
}

/**
 * Answers a folder that holds them as in the repository, so that they import one another as there, and `reprise` as users
 * do. It lies under node_modules so that dependencies resolve, and is never changed.
 */
export async function compiledTree() {
  const files = await readFiles()
  const hash = createHash('sha256').update(await readFile(new URL('bundle.mjs', import.meta.url)))
  for (const [path, text] of files) hash.update(path).update('\0').update(text)
  const cache = join(repository, 'node_modules', '.cache', 'reprise-chaos')
  const folder = join(cache, hash.digest('hex').slice(0, 16))
  if (existsSync(folder)) return folder
  const single = join(repository, 'node_modules', '.cache', 'reprise-chaos-files')
  await mkdir(cache, { recursive: true })
  await mkdir(single, { recursive: true })
  await removeOld(cache)
  await removeOld(single)
  const unfinished = `${folder}.${randomBytes(4).toString('hex')}`
  await fill(unfinished, files, single)
  await bundle({
    root: unfinished,
    home: folder,
    entries: PROGRAMS,
    folder: join(unfinished, 'programs'),
  })
  try {
    await rename(unfinished, folder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

async function readFiles() {
  const all = await Promise.all(ROOTS.map(filesUnder))
  return all.flat()
}

async function filesUnder(root) {
  const entries = await readdir(join(repository, root), { recursive: true, withFileTypes: true })
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const wanted = paths.filter((path) => !path.endsWith('.test.ts')).sort()
  return Promise.all(
    wanted.map(async (path) => [path.slice(repository.length), await readFile(path, 'utf8')]),
  )
}

async function fill(folder, files, cache) {
  for (const [path, text] of files) {
    const target = join(folder, path.replace(/\.ts$/, '.js'))
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, path.endsWith('.ts') ? await compiled(path, text, cache) : text)
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  const reprise = join(folder, 'node_modules', 'reprise')
  await mkdir(reprise, { recursive: true })
  await symlink(join('..', '..', 'src'), join(reprise, 'dist'))
  const exported = { '.': './dist/index.js', './kafka': './dist/kafka.js', './testing': './dist/testing.js' }
  await writeFile(join(reprise, 'package.json'), JSON.stringify({ type: 'module', exports: exported }))
}

/** A file that was compiled before is not compiled again: of the many, few change between two runs. */
async function compiled(path, text, cache) {
  const hash = createHash('sha256').update(ts.version).update(path).update('\0').update(text).digest('hex')
  const place = join(cache, `${hash.slice(0, 32)}.js`)
  if (existsSync(place)) return readFile(place, 'utf8')
  const output = transpile(path, text)
  const unfinished = `${place}.${randomBytes(4).toString('hex')}`
  await writeFile(unfinished, output)
  await rename(unfinished, place)
  return output
}

const transpile = (fileName, text) => ts.transpileModule(text, { fileName, compilerOptions }).outputText

async function removeOld(cache) {
  const before = Date.now() - KEPT
  for (const { name } of await readdir(cache, { withFileTypes: true })) {
    // What another process is writing may have got its name meanwhile.
    const found = statSync(join(cache, name), { throwIfNoEntry: false })
    if (found !== undefined && found.mtimeMs < before)
      await rm(join(cache, name), { recursive: true, force: true })
  }
}
