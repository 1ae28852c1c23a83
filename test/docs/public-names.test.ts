import ts from 'typescript'
import { beforeAll, describe, expect, it } from 'vitest'
import { linksIn, sentenceFault } from './doc-comments.js'
import { isErrorClass, type PublicApi, readPublicApi } from './public-api.js'
import { type Callable, callablesOf, docOf, membersOf, saidOf } from './public-members.js'
import { unnamedTypes } from './signature-types.js'
import { errorsThrownIn } from './thrown-errors.js'

/**
 * Types that users meet and need not name: the compiler alone makes use of them, or what they are part of has a name.
 */
const nameless = new Map([
  ['StringKeys', 'which fields can be a target or a key: a condition on a type parameter'],
  ['Synchronous', 'a condition on a type parameter, which carries its message'],
  ['AggregateClassOf', 'a condition on a type parameter'],
  ['HandlerParameters', 'a condition on a type parameter'],
  ['CommandsFor', 'a condition on a type parameter: HandledBy is its name for users'],
  ['EventsFor', 'a condition on a type parameter: AppliedBy and ProjectedBy are its names for users'],
  ['PreparableBy', 'a condition on a type parameter: PreparationsDefinition is its name for users'],
  ['HandlerIn', 'a condition on a type parameter'],
  ['FittingIn', 'a condition on a type parameter, which carries its message'],
  ['Simplify', 'shows a type by its members'],
  ['WithOptional', 'a step on the way to StateOf'],
  ['ReadValue', 'a step on the way to ReadRow'],
  ['RowOf', 'a step on the way to Row'],
  ['TablesOf', 'a step on the way to the tables of a SqlProjection, which are its type parameter'],
  ['StateValues', 'a step on the way to StateAt'],
  ['TableProjectionType', 'one half of ProjectionClass'],
  ['SqlProjectionType', 'one half of ProjectionClass'],
  ['KyselyLike', 'one half of CallersTransaction: what Kysely is asked for'],
  ['PgClientLike', 'one half of CallersTransaction: what pg is asked for'],
  ['Origin', 'one part of JsonEncodingOptions'],
  ['Surrounding', 'which options a test app has no use for'],
  ['DatabaseAddress', 'the constructor of an error that only the framework throws'],
  ['ParkedAt', 'the constructor of an error that only the framework throws'],
  ['UnreadableEvent', 'the constructor of an error that only the framework throws'],
  ['AggregateModel', 'the constructor of a class that only the test kit makes'],
  ['TableProjectionModel', 'the constructor of a class that only the test kit makes'],
  ['Outcome', 'the constructor of a class that only the test kit makes'],
])

/** Their methods are where a user's own code meets the framework: each shows a call, unless it takes nothing. */
const shownByExample = ['App', 'ConsumingApp', 'RunningProjections', 'ConsumingProjections', 'Reprise']

const has = ({ doc }: Pick<Callable, 'doc'>, tag: string): boolean =>
  doc.tags.some(({ name }) => name === tag)

/** Those of another function as well, where a comment says to throw what that throws. */
function errorsNamedBy(callable: Callable, all: readonly Callable[]): readonly string[] {
  const said = saidOf(callable)
  const [, other] = /@throws what \{@link ([\w.]+)\} throws/.exec(said) ?? []
  const likewise = all.filter(({ name }) => name === other)
  return [said, ...likewise.map(saidOf)].flatMap(linksIn)
}

describe('Every public name', () => {
  let api: PublicApi
  let callables: readonly Callable[]

  beforeAll(() => {
    api = readPublicApi()
    callables = api.names.flatMap(callablesOf)
  })

  it('is one of many', () => {
    expect(api.names.length).toBeGreaterThan(150)
    expect(callables.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['App.execute', 'Reprise.start', 'AggregateRoot.emit', 'defineApp']),
    )
  })

  it('has a comment that begins with a sentence', () => {
    const faults = api.names.flatMap(({ name, declarations }) => {
      const { text } = docOf(declarations)
      const fault = text.trim() === '' ? 'it has no comment' : sentenceFault(text, name)
      return fault === undefined ? [] : [`${name}: ${fault}`]
    })
    expect(faults).toEqual([])
  })

  it('has a comment on each of its methods', () => {
    const mute = callables.filter(({ doc }) => doc.text.trim() === '')
    expect(mute.map(({ name }) => name)).toEqual([])
  })

  it('says what holds where something is left out', () => {
    const mute = api.names.flatMap(membersOf).filter((member) => {
      const { node } = member
      const isOptional = ts.isPropertySignature(node) && node.questionToken !== undefined
      return isOptional && saidOf(member).trim() === ''
    })
    expect(mute.map(({ name }) => name)).toEqual([])
  })

  it('has an example where it is a function, or a class to be extended', () => {
    const bare = api.names.filter((name) => {
      const { isValue, symbol, declarations } = name
      const isFunction = callablesOf(name).some((it) => it.name === name.name)
      const isClass = declarations.some(ts.isClassDeclaration) && !isErrorClass(api, symbol)
      return isValue && (isFunction || isClass) && !has({ doc: docOf(declarations) }, 'example')
    })
    expect(bare.map(({ name }) => name)).toEqual([])
  })

  it('has an example on each method that users call of a running app', () => {
    const bare = callables.filter(({ name, doc, signatures }) => {
      const takesSomething = signatures.some(({ parameters }) => parameters.length > 0)
      return shownByExample.includes(name.split('.')[0] ?? '') && takesSomething && !has({ doc }, 'example')
    })
    expect(bare.map(({ name }) => name)).toEqual([])
  })

  it('says, where it is an error, when it is thrown and what to do', () => {
    const silent = api.names.filter(({ symbol, declarations }) => {
      const sentences = docOf(declarations).text.match(/[.?!](?=\s|$)/g) ?? []
      return (
        isErrorClass(api, symbol) && sentences.length < 2 && !has({ doc: docOf(declarations) }, 'example')
      )
    })
    expect(silent.map(({ name }) => name)).toEqual([])
  })

  it('says what a promise of it rejects with', () => {
    const silent = callables.filter(({ doc, signatures }) => {
      const isAsync = signatures.some(({ type }) => /^(Promise|AsyncGenerator)\b/.test(type?.getText() ?? ''))
      const sameAs = /^(As|The same as) \{@link/.test(doc.text.trim())
      return isAsync && !has({ doc }, 'throws') && !sameAs
    })
    expect(silent.map(({ name }) => name)).toEqual([])
  })

  it('names the errors that it throws, or says of what it calls that it throws them', () => {
    const silent = callables.flatMap((callable) => {
      const named = errorsNamedBy(callable, callables)
      const thrown = new Set(callable.signatures.flatMap((it) => errorsThrownIn(api, it)))
      return [...thrown]
        .filter((error) => !named.includes(error))
        .map((error) => `${callable.name}: ${error}`)
    })
    expect(silent).toEqual([])
  })

  it('links to names that there are', () => {
    const known = new Set(api.names.map(({ name }) => name))
    const broken = api.names.flatMap((name) => {
      const members = membersOf(name)
      const own = new Set(members.map((it) => it.name.split('.')[1]))
      const said = [
        saidOf({ doc: docOf(name.declarations) }),
        ...members.map(saidOf),
        ...callablesOf(name).map(saidOf),
      ]
      return linksIn(said.join('\n'))
        .filter((link) => !known.has(link) && !own.has(link))
        .map((link) => `${name.name}: ${link}`)
    })
    expect(broken).toEqual([])
  })

  it('has a signature of names that users can import', () => {
    const unnamed = unnamedTypes(api)
    const surprising = unnamed.filter(({ type }) => !nameless.has(type))
    expect(surprising.map(({ type, metIn }) => `${type}, in ${metIn}`)).toEqual([])
    const met = unnamed.map(({ type }) => type)
    expect([...nameless.keys()].filter((type) => !met.includes(type))).toEqual([])
  })
})
