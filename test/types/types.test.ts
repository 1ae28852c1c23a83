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

const marked = ['model.ts', 'definitions.ts', 'undecorated.ts']

describe.each([
  ['legacy.tsconfig.json', true, marked],
  ['standard.tsconfig.json', false, [...marked, 'standard.ts']],
])('types under %s', (config, experimentalDecorators, files) => {
  const { options, errors, diagnosticsOf } = compile(config)

  it('are checked in that decorator mode, strictly', () => {
    expect(errors).toEqual([])
    expect(options).toMatchObject({ experimentalDecorators, strict: true, exactOptionalPropertyTypes: true })
  })

  it('take every line of the bank', () => {
    expect(diagnosticsOf('bank.ts')).toEqual([])
  })

  it('reject every wrong use that is marked, and nothing else', () => {
    expect(files.flatMap(diagnosticsOf)).toEqual([])
  })

  it('say in words why a method does not fit', () => {
    const found = diagnosticsOf('planted.ts').filter((it) => it.includes('must be synchronous'))

    expect(found.map((it) => it.split(':')[0])).toEqual(['23', '39'])
  })

  it('say of a projection what is wrong with one of its style, and nothing of the other style', () => {
    const found = diagnosticsOf('planted.ts').filter((it) => Number(it.split(':')[0]) >= 40)
    const said = (fault: RegExp) => found.map((it) => fault.test(it))

    expect(said(/'Promise<void>' is not assignable to type 'void'/)).toEqual([true, false, false, false])
    expect(said(/'MoneyDeposited' is missing .* from type 'AccountOpened'/)).toEqual([
      false,
      true,
      false,
      true,
    ])
    expect(said(/'tables' is missing in type 'typeof Lines'/)).toEqual([false, false, true, false])
    expect(said(/SqlProjection<|SqlHandler/)).toEqual([false, false, false, true])
    expect(said(/TableHandler|TableProjection(Instance|Type)/)).toEqual([true, true, false, false])
  })

  it('report wrong uses that are not marked', () => {
    const lines = diagnosticsOf('planted.ts').map((it) => it.split(':')[0])

    expect(lines).toEqual(['16', '18', '23', '27', '29', '38', '39', '42', '45', '51', '53'])
  })
})
