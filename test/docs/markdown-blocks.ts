import { readdirSync, readFileSync } from 'node:fs'
import { repository } from './compiler.js'

/** What is done with a block: nothing else keeps it from going stale. */
export type Treatment = 'runs' | 'compiles'

/** A fenced block of TypeScript or JavaScript in a markdown file. */
export interface CodeBlock {
  /** Relative to the repository. */
  readonly file: string
  /** The line of the file in which its code begins. */
  readonly line: number
  readonly code: string
  /** What its marker says; undefined where it has none. */
  readonly treatment: Treatment | undefined
  /** Declarations of what it uses and does not show. */
  readonly given: string
  /** The paragraph after it. */
  readonly textAfter: string
}

const block =
  /^([ \t]*)```(?:ts|typescript|js|javascript|mjs)\b[^\n]*\n([\s\S]*?)^\1```[ \t]*\n(?:[ \t]*\n)*([^\n]*(?:\n[^\n]+)*)/gm
const marker = /<!--\s*(runs|compiles)\b((?:(?!-->)[\s\S])*)-->\s*$/

/** The markdown files whose code is checked. */
export function documents(): readonly string[] {
  const below = (folder: string): string[] =>
    readdirSync(`${repository}${folder}`, { recursive: true, encoding: 'utf8' }).map(
      (it) => `${folder}/${it}`,
    )
  const nested = [...below('docs'), ...below('examples')].filter(
    (it) => it.endsWith('.md') && !it.includes('node_modules'),
  )
  return ['README.md', 'CHANGELOG.md', ...nested.sort()]
}

/** The blocks of a document in order. The first one of the README runs, without saying so. */
export function blocksOf(
  file: string,
  text = readFileSync(`${repository}${file}`, 'utf8'),
): readonly CodeBlock[] {
  return [...text.matchAll(block)].map(
    ({ index, 1: indent = '', 2: code = '', 3: textAfter = '' }, place) => {
      const before = text.slice(0, index)
      const [, said, remark = ''] = marker.exec(before) ?? []
      const [, given = ''] = /given:([\s\S]*)/.exec(remark) ?? []
      const first = file === 'README.md' && place === 0 ? 'runs' : undefined
      return {
        file,
        line: before.split('\n').length + 1,
        code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
        treatment: (said as Treatment | undefined) ?? first,
        given,
        textAfter,
      }
    },
  )
}
