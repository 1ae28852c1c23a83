import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as reprise from '../../src/index.js'
import { freshDatabase } from '../support/database.js'
import { faultsOf, repository } from './compiler.js'
import { linked, type LinkedModule, unimported } from './linked-module.js'
import { blocksOf, type CodeBlock, documents } from './markdown-blocks.js'
import { exportedNames } from './public-entries.js'
import { run } from './run-module.js'

const readme = readFileSync(`${repository}README.md`, 'utf8')
const blocks = documents().flatMap((file) => blocksOf(file))
const exported = exportedNames()

/** With what the blocks before it in its document define. */
function moduleOf(block: CodeBlock): LinkedModule {
  const siblings = blocks.filter(({ file }) => file === block.file)
  const earlier = siblings.slice(0, siblings.indexOf(block)).map(({ code }) => code)
  return linked({ ...block, earlier }, exported)
}

const placeOf = ({ file, line }: CodeBlock): string => `${file}:${line}`
const virtualFile = ({ file, line }: CodeBlock): string =>
  `test/docs/generated-${file.replaceAll(/\W/g, '-')}-${line}.ts`

describe('README and docs', () => {
  it('say of each block of code what keeps it true', () => {
    expect(blocks.length).toBeGreaterThan(0)
    const unmarked = blocks.filter(({ treatment }) => treatment === undefined)
    expect(unmarked.map(placeOf), 'blocks without <!-- runs --> or <!-- compiles --> before them').toEqual([])
  })

  it('have code that imports what it uses of the package', () => {
    const lacking = blocks.map((block) => ({ at: placeOf(block), names: unimported(block.code, exported) }))
    expect(lacking.filter(({ names }) => names.length > 0)).toEqual([])
  })

  it('have code that compiles under the strict settings', () => {
    const modules = new Map(blocks.map((block) => [virtualFile(block), { block, ...moduleOf(block) }]))
    const faults = faultsOf(new Map([...modules].map(([file, { text }]) => [file, text])))
    const shown = faults.map(({ file, line, message }) => {
      const found = modules.get(file)
      if (found === undefined) return `${file}:${line} ${message}`
      const { block, linesBefore } = found
      const own = line - linesBefore
      return own > 0
        ? `${block.file}:${block.line + own - 1} ${message}`
        : `${placeOf(block)}, in what it takes from before: ${message}`
    })
    expect(shown).toEqual([])
  })

  it.each(blocks.filter(({ treatment }) => treatment === 'runs').map((block) => [placeOf(block), block]))(
    'have code that runs and prints what they say: %s',
    async (_place, block) => {
      const database = await freshDatabase()
      const { exit, printed, ending } = await run(moduleOf(block).text, database.url)
      await database.drop()

      expect(exit, `${printed}\n${ending}`).toBe(0)
      const [, promised] = /^prints `([^`]+)`/.exec(block.textAfter) ?? []
      if (promised !== undefined) expect(printed).toBe(promised)
    },
  )

  it('names every error that the package exports, with its code, and no other', () => {
    const codes = [...readme.matchAll(/`(REPRISE_[A-Z_]+)`/g)].map(([, code]) => code)
    const known: readonly string[] = reprise.errorCodes

    expect(known.filter((code) => !codes.includes(code))).toEqual([])
    const classes = Object.entries(reprise).filter(
      ([, value]) => typeof value === 'function' && value.prototype instanceof reprise.RepriseError,
    )
    expect(classes.map(([name]) => name).filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
  })
})
