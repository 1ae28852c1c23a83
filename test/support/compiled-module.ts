import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import ts from 'typescript'
import { onTestFinished } from 'vitest'
import { compiledSource } from './compiled-source.js'

export type DecoratorMode = 'legacy' | 'standard'

// Once: what tests compile must be over one library, also while its source is edited.
let library: Promise<string> | undefined
const ourLibrary = () => (library ??= compiledSource())

/**
 * Runs a module of TypeScript as `tsc` emits it, in one of the decorator modes, over the present source: it imports
 * `reprise` as users do. Gives what it exports.
 */
export async function runCompiled(text: string, mode: DecoratorMode): Promise<Record<string, unknown>> {
  const source = await ourLibrary()
  const folder = await mkdtemp(join(dirname(source), `${mode}-`))
  onTestFinished(() => rm(folder, { recursive: true }))
  const reprise = join(folder, 'node_modules', 'reprise')
  await mkdir(reprise, { recursive: true })
  await symlink(source, join(reprise, 'dist'))
  await writeFile(join(reprise, 'package.json'), '{ "type": "module", "exports": "./dist/index.js" }\n')
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }\n')
  const { outputText } = ts.transpileModule(text, {
    fileName: 'module.ts',
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: mode === 'legacy',
      useDefineForClassFields: true,
    },
  })
  const module = join(folder, 'module.js')
  await writeFile(module, outputText)
  return (await import(/* @vite-ignore */ pathToFileURL(module).href)) as Record<string, unknown>
}

/** A module of the source that {@link runCompiled} runs over, which users cannot import. */
export async function compiledPart<T>(path: string): Promise<T> {
  const module = pathToFileURL(join(await ourLibrary(), path)).href
  return (await import(/* @vite-ignore */ module)) as T
}
