import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { faultsOf, repository } from './compiler.js'
import { type Example, examplesIn } from './example-blocks.js'
import { linked, type LinkedModule } from './linked-module.js'
import { readPublicApi } from './public-api.js'
import { exportedNames } from './public-entries.js'

const names = readFileSync(`${repository}test/docs/example-names.ts`, 'utf8')
const exported = exportedNames()

/** An example that shows one decorated method alone stands in a class that extends this one. */
const baseOf = new Map([
  ['Handles', 'Account'],
  ['Applies', 'Account'],
  ['Projects', 'Balances'],
  ['Prepares', 'UsingRates'],
  ['On', 'UsingMailer'],
])

const placeOf = ({ of, file, line }: Example): string => `${of} (${file}:${line})`

function moduleOf({ code }: Example): LinkedModule {
  const method = /^@(\w+)[\s\S]*?\)\n(?!export|class|@)/.exec(code)?.[1]
  const base = baseOf.get(method ?? '')
  const whole = base === undefined ? code : `class Shown extends ${base} {${code}}`
  return linked({ code: whole, earlier: [names] }, exported)
}

describe('Examples in the comments of public names', () => {
  let examples: readonly Example[]

  beforeAll(() => {
    examples = examplesIn(readPublicApi())
  })

  it('are found, whatever they begin with', () => {
    expect(examples.length).toBeGreaterThan(50)
    const found = examples.map(({ of }) => of)
    expect(found).toEqual(expect.arrayContaining(['Aggregate', 'Handles', 'App', 'Reprise', 'given']))
    expect(examples.filter(({ code }) => code.trim() === '').map(placeOf)).toEqual([])
  })

  it('compile under the strict settings', () => {
    const modules = new Map(
      examples.map((example, index) => [`test/docs/example-${index}.ts`, { example, ...moduleOf(example) }]),
    )
    const faults = faultsOf(new Map([...modules].map(([file, { text }]) => [file, text])))
    const shown = faults.map(({ file, line, message }) => {
      const found = modules.get(file)
      if (found === undefined) return `${file}:${line} ${message}`
      const { of, file: source, line: first } = found.example
      return `${of} (${source}:${first + Math.max(line - found.linesBefore, 1) - 1}): ${message}`
    })
    expect(shown).toEqual([])
  })
})
