import type { StreamGuard } from '../core/ports/event-store.js'
import { streamIdProblem, streamName, type StreamRef } from '../core/stream.js'
import type { Violation } from '../core/fields/violation.js'
import { type ExpectedStream, expectationViolations } from './execute-options.js'

/** What is wrong with a list of guards, which comes from outside. `aggregates` are the names that a stream's type may have. */
export function guardViolations(guards: unknown, aggregates: ReadonlySet<string>): readonly Violation[] {
  if (guards === undefined) return []
  if (!Array.isArray(guards)) return [{ path: 'expect', problem: 'must be a list of { stream, version }' }]
  const seen = new Set<string>()
  return guards.flatMap((guard: unknown, index) => {
    const path = `expect[${index}]`
    const { stream, version } = fieldsOf(guard)
    const { type, id } = typeof stream === 'string' ? streamRefOf(stream) : fieldsOf(stream)
    const problems = [
      ...streamViolations(`${path}.stream`, type, id, aggregates),
      ...expectationViolations(`${path}.version`, version),
    ]
    if (problems.length > 0) return problems
    const name = streamName({ type, id } as StreamRef)
    if (seen.has(name))
      return [{ path, problem: `names ${name}, as another one does: name each stream once` }]
    seen.add(name)
    return []
  })
}

/** The guards of expectations in which nothing is wrong. */
export function guardsOf(expected: readonly ExpectedStream[]): readonly StreamGuard[] {
  return expected.map(({ stream, version }) => ({
    stream: typeof stream === 'string' ? streamRefOf(stream) : stream,
    expected: version,
  }))
}

/** Names of aggregates have no hyphen in them, ids may. */
function streamRefOf(name: string): StreamRef {
  const hyphen = name.indexOf('-')
  return hyphen === -1 ? { type: name, id: '' } : { type: name.slice(0, hyphen), id: name.slice(hyphen + 1) }
}

function streamViolations(
  path: string,
  type: unknown,
  id: unknown,
  aggregates: ReadonlySet<string>,
): readonly Violation[] {
  if (typeof type !== 'string' || typeof id !== 'string')
    return [{ path, problem: "must be a stream's name, or have a type and an id, both strings" }]
  const problem = streamIdProblem(id)
  return [
    // A stream that nobody writes to would hold still whatever happens.
    ...(aggregates.has(type) ? [] : [{ path: `${path}.type`, problem: 'must be an aggregate of this app' }]),
    ...(problem === undefined ? [] : [{ path: `${path}.id`, problem }]),
  ]
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}
}
