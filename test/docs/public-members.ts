import ts from 'typescript'
import { type DocComment, docComments, wholeText } from './doc-comments.js'
import { isReachable, type PublicName } from './public-api.js'

/** Something that a user calls: an exported function, or a method of what is exported. */
export interface Callable {
  /** `Reprise.start`, `App.execute`, `defineApp`. */
  readonly name: string
  /** All of its overloads' comments as one. */
  readonly doc: DocComment
  /** Its declarations; one with a body is among them only where the name is not declared by an interface. */
  readonly signatures: readonly ts.SignatureDeclaration[]
}

/** A member of an exported interface or class that its users reach. */
export interface Member {
  /** `StartOptions.lease`. */
  readonly name: string
  readonly doc: DocComment
  readonly node: ts.ClassElement | ts.TypeElement
}

/** The comments of some declarations as one. */
export function docOf(declarations: readonly ts.Node[]): DocComment {
  const docs = declarations.flatMap(docComments)
  return { text: docs.map(({ text }) => text).join('\n'), tags: docs.flatMap(({ tags }) => tags) }
}

/** Everything in a comment, with what its tags say. */
export function saidOf({ doc }: { readonly doc: DocComment }): string {
  return wholeText(doc)
}

/** What users call of an exported name: itself, or its methods. */
export function callablesOf(name: PublicName): readonly Callable[] {
  const functions = name.declarations.flatMap(functionsIn)
  const own =
    functions.length > 0 ? [{ name: name.name, doc: docOf(name.declarations), signatures: functions }] : []
  return [...own, ...name.declarations.flatMap((it) => methodsOf(name.name, it))]
}

/** The members of an exported interface or class, without those that its users cannot reach. */
export function membersOf({ name, declarations }: PublicName): readonly Member[] {
  return declarations
    .flatMap((it) => (ts.isInterfaceDeclaration(it) || ts.isClassDeclaration(it) ? [...it.members] : []))
    .filter(isReachable)
    .map((node) => ({ name: `${name}.${node.name?.getText() ?? '()'}`, doc: docOf([node]), node }))
}

function methodsOf(owner: string, declaration: ts.Declaration): readonly Callable[] {
  const methods = new Map<string, { nodes: ts.Node[]; signatures: ts.SignatureDeclaration[] }>()
  for (const member of memberNodes(declaration)) {
    const signature = signatureOf(member)
    if (signature === undefined || (isMember(member) && !isReachable(member))) continue
    const name = `${owner}.${(member as ts.NamedDeclaration).name?.getText() ?? ''}`
    const method = methods.get(name) ?? { nodes: [], signatures: [] }
    method.nodes.push(member)
    method.signatures.push(signature)
    methods.set(name, method)
  }
  return [...methods].map(([name, { nodes, signatures }]) => ({ name, doc: docOf(nodes), signatures }))
}

/** Of a method, or of a property of an object that is a function. */
function signatureOf(member: ts.Node): ts.SignatureDeclaration | undefined {
  if (ts.isMethodSignature(member) || ts.isMethodDeclaration(member)) return member
  return ts.isPropertyAssignment(member) ? firstFunction(member.initializer) : undefined
}

function firstFunction(node: ts.Node): ts.ArrowFunction | undefined {
  return ts.isArrowFunction(node) ? node : ts.forEachChild(node, firstFunction)
}

function isMember(node: ts.Node): node is ts.TypeElement | ts.ClassElement {
  return ts.isTypeElement(node) || ts.isClassElement(node)
}

/** Of an object such as `Reprise` as well. */
function memberNodes(declaration: ts.Declaration): readonly ts.Node[] {
  if (ts.isInterfaceDeclaration(declaration) || ts.isClassDeclaration(declaration))
    return [...declaration.members]
  const { initializer } = ts.isVariableDeclaration(declaration) ? declaration : {}
  return initializer !== undefined && ts.isObjectLiteralExpression(initializer)
    ? [...initializer.properties]
    : []
}

/** A function is declared as one, or is what a constant is. */
function functionsIn(declaration: ts.Declaration): readonly ts.SignatureDeclaration[] {
  if (ts.isFunctionDeclaration(declaration)) return [declaration]
  const { initializer } = ts.isVariableDeclaration(declaration) ? declaration : {}
  return initializer !== undefined && ts.isArrowFunction(initializer) ? [initializer] : []
}
