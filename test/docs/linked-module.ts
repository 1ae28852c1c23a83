import ts from 'typescript'

/** Code that a reader sees, and what it may use without showing it. */
export interface Fragment {
  readonly code: string
  /** Declarations of names that are the reader's own. */
  readonly given?: string
  /** Code that was shown before: what it defines and imports is known. */
  readonly earlier?: readonly string[]
}

/** A fragment as a module of its own. */
export interface LinkedModule {
  readonly text: string
  /** How many lines precede the fragment's own. */
  readonly linesBefore: number
}

/** Where a name comes from: the statement that defines it, with the names that this one uses in turn. */
interface Definition {
  readonly text: string
  readonly uses: ReadonlySet<string>
  /** Definitions stand in the order in which they were shown. */
  readonly place: number
}

/**
 * Makes a module of a fragment: puts before it the definitions that it uses, directly or through one another, of what
 * was shown earlier (the last one of a name), and imports of what `exported` says of which entry a name comes. Statements
 * that define nothing are left out.
 */
export function linked(
  { code, given = '', earlier = [] }: Fragment,
  exported: ReadonlyMap<string, string>,
): LinkedModule {
  const known = definitionsIn(earlier)
  const own = new Set([...definitionsIn([code]).keys(), ...definitionsIn([given]).keys()])
  const taken = new Set<Definition>()
  const imports = new Set<string>()
  const seen = new Set<string>()
  const open = [...usesOf(parsed(code)), ...usesOf(parsed(given))]
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (own.has(name) || seen.has(name)) continue
    seen.add(name)
    const definition = known.get(name)
    const entry = exported.get(name)
    if (definition !== undefined) {
      taken.add(definition)
      open.push(...definition.uses)
    } else if (entry !== undefined) imports.add(`import { ${name} } from '${entry}'`)
  }
  const definitions = [...taken].sort((a, b) => a.place - b.place).map(({ text }) => text)
  const before = [...imports, ...definitions, given, ''].join('\n')
  // Without an export it would be a script, whose names are everybody's.
  return { text: `${before}${code}\nexport {}\n`, linesBefore: before.split('\n').length - 1 }
}

/** What a fragment uses of the package, as `exported` has it, without importing it. */
export function unimported(code: string, exported: ReadonlyMap<string, string>): readonly string[] {
  const own = definitionsIn([code])
  return [...usesOf(parsed(code))].filter((name) => exported.has(name) && !own.has(name))
}

function definitionsIn(codes: readonly string[]): ReadonlyMap<string, Definition> {
  const definitions = new Map<string, Definition>()
  let place = 0
  for (const statement of codes.flatMap((code) => [...parsed(code).statements])) {
    if (ts.isImportDeclaration(statement)) {
      for (const [name, text] of importsOf(statement))
        definitions.set(name, { text, uses: new Set(), place: place++ })
      continue
    }
    const definition = { text: statement.getText(), uses: usesOf(statement), place: place++ }
    for (const name of namesDefinedBy(statement)) definitions.set(name, definition)
  }
  return definitions
}

/** One import per name, so that each can be taken alone. */
function importsOf({ importClause, moduleSpecifier }: ts.ImportDeclaration): readonly [string, string][] {
  const from = moduleSpecifier.getText()
  const { name, namedBindings } = importClause ?? {}
  const all: [string, string][] = name === undefined ? [] : [[name.text, `import ${name.text} from ${from}`]]
  if (namedBindings === undefined) return all
  if (ts.isNamespaceImport(namedBindings))
    return [...all, [namedBindings.name.text, `import ${namedBindings.getText()} from ${from}`]]
  return [
    ...all,
    ...namedBindings.elements.map((it): [string, string] => [
      it.name.text,
      `import { ${it.getText()} } from ${from}`,
    ]),
  ]
}

function namesDefinedBy(statement: ts.Statement): readonly string[] {
  if (ts.isVariableStatement(statement))
    return statement.declarationList.declarations.flatMap(({ name }) => boundNames(name))
  const isNamed =
    ts.isClassDeclaration(statement) ||
    ts.isFunctionDeclaration(statement) ||
    ts.isInterfaceDeclaration(statement) ||
    ts.isTypeAliasDeclaration(statement) ||
    ts.isEnumDeclaration(statement)
  return isNamed && statement.name !== undefined ? [statement.name.text] : []
}

function boundNames(name: ts.BindingName): readonly string[] {
  if (ts.isIdentifier(name)) return [name.text]
  return name.elements.flatMap((it) => (ts.isBindingElement(it) ? boundNames(it.name) : []))
}

/** Every identifier that may stand for something outside. One that does not is of no harm. */
function usesOf(root: ts.Node): ReadonlySet<string> {
  const uses = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && !isMemberName(node)) uses.add(node.text)
    ts.forEachChild(node, visit)
  }
  visit(root)
  return uses
}

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node
  if (ts.isPropertyAccessExpression(parent) || ts.isPropertyAssignment(parent)) return parent.name === node
  return ts.isClassElement(parent) || ts.isTypeElement(parent)
}

function parsed(code: string): ts.SourceFile {
  return ts.createSourceFile('fragment.ts', code, ts.ScriptTarget.ES2022, true)
}
