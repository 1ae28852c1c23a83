import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const page = readFileSync(`${root}docs/reliability.md`, 'utf8')

/** A test file, and the titles that follow it: `path` › _one_, _two_. */
const REFERENCE = /`(test\/[\w./-]+\.ts)`((?:(?: ›|,) _[^_]+_)*)/g

interface Reference {
  readonly file: string
  readonly titles: readonly string[]
}

const references = [...page.matchAll(REFERENCE)].map(([, file = '', titles = '']): Reference => ({
  file,
  titles: [...titles.matchAll(/_([^_]+)_/g)].map(([, title = '']) => title),
}))

/** What a file says of its tests, quoted in whichever way. */
const textOf = ({ file }: Reference): string =>
  readFileSync(root + file, 'utf8').replaceAll(/\\(['"`])/g, '$1')

describe('docs/reliability.md', () => {
  it('names test files that exist', () => {
    expect(references.length).toBeGreaterThan(80)
    expect(references.filter(({ file }) => !existsSync(root + file))).toEqual([])
  })

  it('names tests by titles that they have', () => {
    const unknown = references
      .filter(({ file }) => existsSync(root + file))
      .flatMap((it) =>
        it.titles.filter((title) => !textOf(it).includes(title)).map((title) => ({ title, file: it.file })),
      )

    expect(references.flatMap(({ titles }) => titles).length).toBeGreaterThan(100)
    expect(unknown).toEqual([])
  })
})
