import { existsSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { type AppDefinition, isAppDefinition } from '../app/definition.js'
import type { Settings } from '../app/settings.js'
import { ConfigurationError, RepriseError } from '../core/errors/index.js'

const DEFAULT_MODULES = ['reprise.config.js', 'reprise.config.mjs']
const EXAMPLE = 'export default defineApp({ name, aggregates, projections })'

/** What a module says of an app. */
export interface AppModule {
  readonly definition: AppDefinition
  /** Where the services are that its classes inject; only commands that make such a class need it. */
  readonly container: Settings['container']
}

/**
 * Loads the definition that a module exports by default, and its container if it exports one by that name: the module
 * named, else `reprise.config.js` of the folder.
 *
 * @throws {@link ConfigurationError} when there is none, it cannot be loaded, or it is no definition
 */
export async function loadAppModule(named: string | undefined, folder = process.cwd()): Promise<AppModule> {
  const path = named === undefined ? defaultModule(folder) : namedModule(resolve(folder, named))
  const exported = await importModule(path)
  if (!isAppDefinition(exported.default)) {
    const found = 'default' in exported ? 'its default export is something else' : 'it has no default export'
    throw unusable(`${path} is no app, since ${found}: write ${EXAMPLE}`)
  }
  return { definition: exported.default, container: exported.container as Settings['container'] }
}

function defaultModule(folder: string): string {
  const path = DEFAULT_MODULES.map((name) => resolve(folder, name)).find((it) => existsSync(it))
  if (path !== undefined) return path
  throw unusable(
    `there is no ${DEFAULT_MODULES.join(' or ')} in ${folder}: create one (${EXAMPLE}), or name a module with --app`,
  )
}

function namedModule(path: string): string {
  if (!existsSync(path)) throw unusable(`${path} does not exist`)
  if (['.js', '.mjs', '.cjs'].includes(extname(path))) return path
  throw unusable(`${path} is no JavaScript file: compile it, and name the compiled one`)
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>
  } catch (error) {
    if (RepriseError.is(error)) throw error
    const reason =
      error instanceof Error ? `${error.name}: ${error.message}${placeOf(error, path)}` : String(error)
    throw unusable(`${path} cannot be loaded: ${reason}`, error)
  }
}

/** The line of the user's code at which it was thrown. Of a syntax error only a process that it ends tells the line. */
function placeOf(error: Error, path: string): string {
  if (error instanceof SyntaxError) return ` (node ${path} shows where)`
  const { stack = '' } = error
  const [, url, line] = /(file:\/\/[^\s)]+?):(\d+)/.exec(stack) ?? []
  return url === undefined || line === undefined ? '' : ` (${fileURLToPath(url)}, line ${line})`
}

function unusable(problem: string, cause?: unknown): ConfigurationError {
  return new ConfigurationError('--app', `cannot be used: ${problem}`, cause)
}
