import { fileURLToPath } from 'node:url'
import ts from 'typescript'

/** Where the package is, with the slash at its end. */
export const repository = fileURLToPath(new URL('../../', import.meta.url))

/** The settings under which the repository itself is compiled. */
export function compilerOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(`${repository}tsconfig.json`, ts.sys.readFile.bind(ts.sys)) as {
    config: unknown
  }
  return ts.parseJsonConfigFileContent(config, ts.sys, repository).options
}

/** What a reader sees need not use all that it declares, nor say of an import that it is one of a type. */
const leniency: ts.CompilerOptions = {
  noUnusedLocals: false,
  noUnusedParameters: false,
  verbatimModuleSyntax: false,
  // Generated modules, which nobody imports by file.
  isolatedModules: false,
}

/** Why a text does not compile. The line counts from 1 in that text. */
export interface CompileFault {
  readonly file: string
  readonly line: number
  readonly message: string
}

/**
 * Compiles texts as modules of the repository, in one program and without writing anything: `texts` gives them by file
 * names relative to the repository. Only these are checked, not what they import.
 */
export function faultsOf(texts: ReadonlyMap<string, string>): readonly CompileFault[] {
  const options = { ...compilerOptions(), ...leniency }
  const sources = new Map([...texts].map(([file, text]) => [`${repository}${file}`, text]))
  const host = ts.createCompilerHost(options, true)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = (file) => sources.has(file) || fileExists.call(host, file)
  host.readFile = (file) => sources.get(file) ?? readFile.call(host, file)
  host.getSourceFile = (file, languageOptions, ...rest) => {
    const text = sources.get(file)
    if (text === undefined) return getSourceFile.call(host, file, languageOptions, ...rest)
    return ts.createSourceFile(file, text, languageOptions, true)
  }
  const program = ts.createProgram([...sources.keys()], options, host)
  return [...sources.keys()].flatMap((file) => {
    const source = program.getSourceFile(file)
    const diagnostics = [
      ...program.getSyntacticDiagnostics(source),
      ...program.getSemanticDiagnostics(source),
    ]
    return diagnostics.map(({ start, messageText }) => ({
      file: file.slice(repository.length),
      line: (source?.getLineAndCharacterOfPosition(start ?? 0).line ?? 0) + 1,
      message: ts.flattenDiagnosticMessageText(messageText, '\n'),
    }))
  })
}
