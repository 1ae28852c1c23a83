import ts from 'typescript'
import { isOwn, isReachable, type PublicApi, resolved } from './public-api.js'

/** A type that users meet in a signature and cannot name. */
export interface UnnamedType {
  readonly type: string
  /** The exported name in whose signature it is. */
  readonly metIn: string
}

/** The types of the package that stand in the signatures of exported names, and that no entry exports. */
export function unnamedTypes({ checker, names }: PublicApi): readonly UnnamedType[] {
  const exported = new Set(names.map(({ symbol }) => symbol))
  const found = new Map<ts.Symbol, UnnamedType>()
  for (const { name, declarations } of names) {
    for (const node of declarations.flatMap(signatureNodes)) {
      const symbol = checker.getSymbolAtLocation(node)
      if (symbol === undefined) continue
      const target = resolved(checker, symbol)
      if (target.flags & ts.SymbolFlags.TypeParameter || !isOwn(target) || exported.has(target)) continue
      if (!found.has(target)) found.set(target, { type: node.text, metIn: name })
    }
  }
  return [...found.values()]
}

/** The names of types in what a declaration says to its users: neither bodies nor what is private. */
function signatureNodes(declaration: ts.Declaration): readonly ts.Identifier[] {
  const found: ts.Identifier[] = []
  const visit = (node: ts.Node): void => {
    if (isHidden(node)) return
    if (ts.isTypeReferenceNode(node))
      found.push(ts.isIdentifier(node.typeName) ? node.typeName : node.typeName.right)
    if (ts.isExpressionWithTypeArguments(node) && ts.isIdentifier(node.expression))
      found.push(node.expression)
    ts.forEachChild(node, visit)
  }
  visit(declaration)
  return found
}

function isHidden(node: ts.Node): boolean {
  if (ts.isBlock(node) || (ts.isExpression(node) && !ts.isExpressionWithTypeArguments(node))) return true
  return (ts.isClassElement(node) || ts.isTypeElement(node)) && !isReachable(node)
}
