// Programs of tests in few files: to load the thousand that the framework and what it uses consist of takes a process longer
// than most of them run.
import { relative, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { rolldown } from 'rolldown'

/** What is made of many modules. Everything else is loaded as it is installed, so that there is one copy of it. */
const MANY = ['kysely', 'inversify', '@inversifyjs', 'uuid', 'commander', 'lru-cache']

/**
 * Writes the modules of `root` that are named in `entries` (paths without `.js`, by the names that they get) into `folder`,
 * with what they import. What two of them import is there once. A module that looks for a file beside itself finds it
 * under `home`, where `root` will be.
 */
export async function bundle({ root, home = root, entries, folder }) {
  const build = await rolldown({
    input: Object.fromEntries(
      Object.entries(entries).map(([name, path]) => [name, join(root, `${path}.js`)]),
    ),
    platform: 'node',
    external: (id) => /^[a-z@]/.test(id) && !isOneOfMany(id) && !/^reprise($|\/)/.test(id),
    plugins: [ownPlaces(root, home)],
    logLevel: 'warn',
  })
  await build.write({ dir: folder, format: 'esm', entryFileNames: '[name].js', keepNames: true })
  await build.close()
}

const isOneOfMany = (id) => MANY.some((name) => id === name || id.startsWith(`${name}/`))

/** Modules keep the places that they know themselves by. */
const ownPlaces = (root, home) => ({
  name: 'own-places',
  transform(code, id) {
    if (!id.startsWith(root) || !code.includes('import.meta.url')) return null
    const place = pathToFileURL(join(home, relative(root, id))).href
    return code.replaceAll('import.meta.url', JSON.stringify(place))
  },
})
