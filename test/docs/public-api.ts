import ts from 'typescript'
import { compilerOptions, repository } from './compiler.js'
import { publicEntries } from './public-entries.js'

/** A name that users import, as it is declared where it comes from. */
export interface PublicName {
  /** `reprise`, `reprise/testing` … */
  readonly entry: string
  readonly name: string
  /** Whether it can be used as a value; a class may be exported as a type alone. */
  readonly isValue: boolean
  readonly symbol: ts.Symbol
  readonly declarations: readonly ts.Declaration[]
}

/** All that the package exports, and the checker that knows it. */
export interface PublicApi {
  readonly checker: ts.TypeChecker
  readonly names: readonly PublicName[]
}

/** Reads what every entry exports. */
export function readPublicApi(): PublicApi {
  const entries = publicEntries()
  const program = ts.createProgram([...entries.values()], compilerOptions())
  const checker = program.getTypeChecker()
  const names = [...entries].flatMap(([entry, file]) => {
    const source = program.getSourceFile(file)
    const module = source === undefined ? undefined : checker.getSymbolAtLocation(source)
    if (module === undefined) throw new Error(`${file} has no exports`)
    return checker.getExportsOfModule(module).map((exported) => {
      const symbol = resolved(checker, exported)
      const isValue = (symbol.flags & ts.SymbolFlags.Value) !== 0 && !isTypeOnly(exported)
      return { entry, name: exported.name, isValue, symbol, declarations: symbol.declarations ?? [] }
    })
  })
  return { checker, names }
}

/** What a name stands for behind its imports and exports. */
export function resolved(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Symbol {
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
}

/** Whether something is declared in the sources of the package itself. */
export function isOwn(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((it) => it.getSourceFile().fileName.startsWith(`${repository}src/`))
}

/** Whether users can reach a member: it is neither private nor under a symbol of the package's own. */
export function isReachable(member: ts.ClassElement | ts.TypeElement): boolean {
  const { name } = member
  if (name !== undefined && ts.isPrivateIdentifier(name)) return false
  if (name !== undefined && ts.isComputedPropertyName(name) && !/^Symbol\./.test(name.expression.getText()))
    return false
  return (ts.getCombinedModifierFlags(member) & ts.ModifierFlags.Private) === 0
}

function isTypeOnly(exported: ts.Symbol): boolean {
  return (exported.declarations ?? []).some(
    (it) => ts.isExportSpecifier(it) && (it.isTypeOnly || it.parent.parent.isTypeOnly),
  )
}

/** Whether something is a class of errors of the package. */
export function isErrorClass({ checker }: PublicApi, symbol: ts.Symbol): boolean {
  if (!(symbol.flags & ts.SymbolFlags.Class)) return false
  const type = checker.getDeclaredTypeOfSymbol(symbol)
  return type.getProperty('stack') !== undefined
}
