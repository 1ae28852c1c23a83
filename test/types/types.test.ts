import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'

const here = dirname(fileURLToPath(import.meta.url))

/** Compiles as `config` says, and gives the diagnostics of single files of this folder. */
function compile(config: string) {
  const { config: json } = ts.readConfigFile(`${here}/${config}`, ts.sys.readFile)
  const { options, fileNames, errors } = ts.parseJsonConfigFileContent(json, ts.sys, here)
  const program = ts.createProgram(fileNames, options)
  const diagnosticsOf = (file: string) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(`${here}/${file}`)).map(describeDiagnostic)
  return { options, errors: errors.map(describeDiagnostic), diagnosticsOf }
}

function describeDiagnostic({ file, start = 0, messageText }: ts.Diagnostic) {
  const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1
  return `${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
}

describe.each([
  ['legacy.tsconfig.json', true],
  ['standard.tsconfig.json', false],
])('types under %s', (config, experimentalDecorators) => {
  const { options, errors, diagnosticsOf } = compile(config)

  it('are checked in that decorator mode, strictly', () => {
    expect(errors).toEqual([])
    expect(options).toMatchObject({ experimentalDecorators, strict: true, exactOptionalPropertyTypes: true })
  })

  it('take every line of the bank', () => {
    expect(diagnosticsOf('bank.ts')).toEqual([])
  })

  it('reject every wrong use that is marked, and nothing else', () => {
    expect(diagnosticsOf('model.ts')).toEqual([])
  })

  it('report wrong uses that are not marked', () => {
    const lines = diagnosticsOf('planted.ts').map((it) => it.split(':')[0])

    expect(lines).toEqual(['5', '7', '12', '16'])
  })
})
