import ts from 'typescript'
import { docComments, linksIn } from './doc-comments.js'
import { type PublicApi, resolved } from './public-api.js'

/**
 * The exported errors that a function throws: by itself, or because something does that it calls, or that says it does.
 * What lies behind that is its own affair, until somebody says so. Empty for a signature without a body.
 */
export function errorsThrownIn(
  { checker, names }: PublicApi,
  declaration: ts.SignatureDeclaration,
): readonly string[] {
  const exported = new Set(names.map(({ name }) => name))
  const called = callsIn(declaration).flatMap((call) => declarationsOf(checker, call))
  const thrown = [declaration, ...called].flatMap(thrownBy)
  const said = called
    .flatMap(docComments)
    .flatMap(({ tags }) => tags)
    .filter(({ name }) => name === 'throws')
    .flatMap(({ text }) => linksIn(text))
  return [...thrown, ...said].filter((name) => exported.has(name))
}

function thrownBy(declaration: ts.Node): readonly string[] {
  return nodesIn(bodyOf(declaration)).flatMap((node) =>
    ts.isThrowStatement(node) && ts.isNewExpression(node.expression)
      ? [node.expression.expression.getText()]
      : [],
  )
}

function callsIn(declaration: ts.Node): readonly ts.CallExpression[] {
  return nodesIn(bodyOf(declaration)).filter(ts.isCallExpression)
}

function declarationsOf(
  checker: ts.TypeChecker,
  { expression }: ts.CallExpression,
): readonly ts.Declaration[] {
  const symbol = checker.getSymbolAtLocation(expression)
  return symbol === undefined ? [] : (resolved(checker, symbol).declarations ?? [])
}

function bodyOf(declaration: ts.Node): ts.Node | undefined {
  return (declaration as Partial<ts.FunctionLikeDeclaration>).body
}

/** All below a node, but not what is done later: the bodies of functions and classes within it. */
function nodesIn(root: ts.Node | undefined): readonly ts.Node[] {
  const found: ts.Node[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return
    found.push(node)
    ts.forEachChild(node, visit)
  }
  if (root !== undefined) visit(root)
  return found
}
