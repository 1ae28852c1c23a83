import ts from 'typescript'
import { repository } from './compiler.js'
import { docComments } from './doc-comments.js'
import type { PublicApi } from './public-api.js'

/** An `@example` of a doc comment. */
export interface Example {
  /** The exported name in whose declaration it stands. */
  readonly of: string
  /** Relative to the repository. */
  readonly file: string
  /** The line in which its code begins. */
  readonly line: number
  readonly code: string
}

/** All examples in the comments of exported names and of their members. */
export function examplesIn({ names }: PublicApi): readonly Example[] {
  const found = new Map<string, Example>()
  for (const { name, declarations } of names) {
    const visit = (node: ts.Node): void => {
      for (const example of examplesOf(node, name)) found.set(`${example.file}:${example.line}`, example)
      ts.forEachChild(node, visit)
    }
    for (const declaration of declarations) visit(declaration)
  }
  return [...found.values()]
}

function examplesOf(node: ts.Node, of: string): readonly Example[] {
  const file = node.getSourceFile().fileName.slice(repository.length)
  return docComments(node)
    .flatMap(({ tags }) => tags)
    .filter(({ name }) => name === 'example')
    .map(({ text, line }) => ({ of, file, line: line + 1, code: text.replace(/^[^\n]*\n/, '') }))
}
