import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../scripts/bundle.mjs'
import { installOnce } from '../../src/app/local-servers/install-once.js'
import { compiledSource } from './compiled-source.js'

const program = fileURLToPath(new URL('../../scripts/bundle.mjs', import.meta.url))

/** What programs of tests import: the entries of the package, and the parts that they look at from inside. */
const modules = [
  'index',
  'kafka',
  'testing',
  'cli/main',
  'app/app-model',
  'app/installation',
  'app/postgres/embedded/index',
  'app/projection-parts',
  'app/settings',
  'contracts/index',
  'log/kafka/index',
  'log/postgres/index',
  'postgres/notifications',
  'postgres/pool',
  'projections/acceptance',
  'projections/definition-fingerprint',
  'projections/rebuild',
  'testing/kafka/index',
  'testing/kafka/run',
]

/** The same as {@link compiledSource}, in few files and with those {@link modules} alone: for processes that load them. */
export async function bundledSource(): Promise<string> {
  const source = await compiledSource()
  const hash = createHash('sha256')
    .update(source)
    .update(modules.join())
    .update(await readFile(program))
  const name = hash.digest('hex').slice(0, 16)
  const folder = join(dirname(dirname(source)), 'reprise-bundled', name)
  await installOnce(folder, async (unfinished) => {
    const entries = Object.fromEntries(modules.map((module) => [module, module]))
    await bundle({ root: source, entries, folder: unfinished })
    await writeFile(join(unfinished, 'package.json'), '{ "type": "module" }\n')
  })
  return folder
}
