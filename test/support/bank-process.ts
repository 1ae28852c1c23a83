import { readFile } from 'node:fs/promises'
import ts from 'typescript'
import { type ModuleProcess, startModuleProcess } from './module-process.js'

/**
 * Starts a process for a module given as text, which may use everything of the bank's domain, and `Reprise`, by name.
 */
export async function startBankProcess(
  code: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<ModuleProcess> {
  return startModuleProcess(
    `import { Reprise } from '$src/index.js'\n${await bankText()}\n${code}`,
    environment,
  )
}

/** The domain as JavaScript: Node cannot run decorators. */
async function bankText(): Promise<string> {
  const text = await readFile(new URL('./bank.ts', import.meta.url), 'utf8')
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      experimentalDecorators: true,
      useDefineForClassFields: true,
    },
  })
  return outputText.replace(/from ['"]reprise['"]/, "from '$src/index.js'")
}
