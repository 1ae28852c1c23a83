import ts from 'typescript'

/** A doc comment as it is written: the text before its tags, and the tags. */
export interface DocComment {
  readonly text: string
  readonly tags: readonly DocTag[]
}

/** A tag with what it says. */
export interface DocTag {
  /** Without its @. */
  readonly name: string
  readonly text: string
  /** The line of the file in which it stands. */
  readonly line: number
}

/** Others that a comment seems to have are decorators in an example. */
const tag = /^@(example|throws|defaultValue|deprecated|internal|param|returns|remarks|see|typeParam)\b ?/

/** The doc comments of a declaration: several where a comment precedes another. None is an empty list. */
export function docComments(node: ts.Node): readonly DocComment[] {
  return ts.getJSDocCommentsAndTags(commented(node)).filter(ts.isJSDoc).map(parsed)
}

/** The raw text, since TypeScript takes decorators for tags, and a link behind @throws for a type. */
function parsed(comment: ts.JSDoc): DocComment {
  const first = comment.getSourceFile().getLineAndCharacterOfPosition(comment.getStart()).line + 1
  const text: string[] = []
  const tags: { name: string; lines: string[]; line: number }[] = []
  const lines = comment
    .getText()
    .replace(/\s*\*\/$/, '')
    .split('\n')
  for (const [index, raw] of lines.entries()) {
    const line = raw.replace(/^\s*\/?\*{1,2} ?/, '')
    const name = tag.exec(line)?.[1]
    if (name !== undefined) tags.push({ name, lines: [line.replace(tag, '')], line: first + index })
    else (tags.at(-1)?.lines ?? text).push(line)
  }
  return {
    text: text.join('\n'),
    tags: tags.map(({ lines: said, ...others }) => ({ ...others, text: said.join('\n') })),
  }
}

/** Everything that a doc comment says, its tags included. */
export function wholeText({ text, tags }: DocComment): string {
  return [text, ...tags.map((tag) => `@${tag.name} ${tag.text}`)].join('\n')
}

/** The first identifiers of all links, `App` for `{@link App.stop}`. */
export function linksIn(text: string): readonly string[] {
  return [...text.matchAll(/\{@link\s+([\w$]+)/g)].map(([, name = '']) => name)
}

/** Why the text does not begin with a sentence about the name, or undefined if it does. */
export function sentenceFault(text: string, name: string): string | undefined {
  // A list may follow the sentence, after a colon.
  const [first = ''] = /^[\s\S]*?(?:[.?!](?=\s|$)|:(?=\s*\n))/.exec(text.trim()) ?? []
  if (first === '') return 'its comment does not begin with a sentence'
  if (!/^[A-Z0-9`'"({@<]/.test(first)) return 'its comment does not begin with a capital letter'
  const said = first.toLowerCase().match(/[a-z0-9]{2,}/g) ?? []
  const named = (name.match(/[A-Z]?[a-z0-9]+|[A-Z]+/g) ?? []).map((it) => it.toLowerCase())
  const fillers = ['the', 'of', 'an', 'its', 'this', 'that', 'is', 'for']
  const news = said.filter((word) => !fillers.includes(word) && !named.some((it) => word.startsWith(it)))
  return news.length < 2 ? 'its comment says no more than its name' : undefined
}

/** The comment of `export const x = …` stands before its statement. */
function commented(node: ts.Node): ts.Node {
  return ts.isVariableDeclaration(node) ? node.parent.parent : node
}
