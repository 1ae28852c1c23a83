import type { EventFact } from '../../facts.js'
import type { Call, Evidence } from '../evidence.js'
import { grouped, streamOf } from '../evidence.js'
import { commandSteps, pathOf } from '../event-path.js'
import { Findings, unknown } from '../verdict.js'
import type { Invariant } from './invariant.js'

export const acknowledged: Invariant = {
  id: 'I1',
  promise: 'an acknowledged command is stored exactly once, a refused one not at all',
  needs: ['history', 'events'],
  check(evidence) {
    const findings = new Findings()
    const counts = { acknowledged: 0, refused: 0, open: 0, stored: 0 }
    for (const [commandId, calls] of evidence.callsByCommand) {
      const fate = fateOf(calls)
      counts[fate]++
      const stored = evidence.eventsByCommand.get(commandId) ?? []
      if (fate === 'open' && stored.length > 0) counts.stored++
      for (const what of faultsOf(commandId, calls, fate, stored))
        findings.add(what, {
          at: calls[0]?.invoke.at,
          weight: Math.max(1, stored.length),
          path: () => pathOfCommand(evidence, commandId, stored),
        })
    }
    for (const [commandId, events] of evidence.eventsByCommand)
      if (!evidence.callsByCommand.has(commandId))
        findings.add(`events are stored of command ${commandId}, which nobody gave`, {
          at: events[0]?.recordedAt,
          weight: events.length,
          path: () => pathOfCommand(evidence, commandId, events),
        })
    const said = [
      ['acknowledged', counts.acknowledged],
      ['refused', counts.refused],
      ['of unknown outcome', counts.open],
      ['of those stored', counts.stored],
    ] as const
    return counts.acknowledged === 0 ? unknown('no command was acknowledged', said) : findings.judgement(said)
  },
}

type Fate = 'acknowledged' | 'refused' | 'open'

/** A refusal counts if nobody asked again after it. */
function fateOf(calls: readonly Call[]): Fate {
  if (calls.some(({ outcome }) => outcome?.phase === 'ok')) return 'acknowledged'
  const last = calls.reduce((latest, call) => (call.invoke.attempt >= latest.invoke.attempt ? call : latest))
  return last.outcome?.phase === 'fail' ? 'refused' : 'open'
}

function faultsOf(
  commandId: string,
  calls: readonly Call[],
  fate: Fate,
  stored: readonly EventFact[],
): readonly string[] {
  if (fate === 'refused')
    return stored.length === 0
      ? []
      : [`command ${commandId} was refused, and ${stored.length} events of it are stored`]
  if (fate === 'open' && stored.length === 0) return []
  return [...storedFaults(commandId, calls, stored), ...answerFaults(commandId, calls, stored)]
}

/** All of the command's events are there once, in order, in each of its streams; or none, where nobody was told otherwise. */
function storedFaults(
  commandId: string,
  calls: readonly Call[],
  stored: readonly EventFact[],
): readonly string[] {
  const wanted = new Map<string, readonly string[]>()
  for (const command of calls[0]?.invoke.commands ?? [])
    wanted.set(streamOf(command), [...(wanted.get(streamOf(command)) ?? []), ...command.events])
  const found = grouped(stored, streamOf)
  return [...new Set([...wanted.keys(), ...found.keys()])].flatMap((stream) => {
    const due = (wanted.get(stream) ?? []).join(', ')
    const there = (found.get(stream) ?? [])
      .toSorted((a, b) => a.version - b.version)
      .map(({ type }) => type)
      .join(', ')
    return due === there
      ? []
      : [
          `command ${commandId} appends ${due || 'nothing'} to ${stream}, where ${there || 'nothing'} is stored of it`,
        ]
  })
}

/** A retry is answered as the first try was, and each refusal came before the first acknowledgement was possible. */
function answerFaults(
  commandId: string,
  calls: readonly Call[],
  stored: readonly EventFact[],
): readonly string[] {
  const faults: string[] = []
  const answers = calls.filter(({ outcome }) => outcome?.phase === 'ok')
  const firstAnswer = Math.min(...answers.map(({ outcome }) => outcome?.at ?? Infinity))
  for (const { invoke, outcome } of calls)
    if (outcome?.phase === 'fail' && invoke.at > firstAnswer)
      faults.push(
        `command ${commandId} was refused on attempt ${invoke.attempt}, after it had been acknowledged`,
      )
  const heads = new Map<string, number>()
  for (const event of stored)
    heads.set(streamOf(event), Math.max(heads.get(streamOf(event)) ?? 0, event.version))
  for (const { outcome } of answers)
    for (const receipt of outcome?.streams ?? []) {
      const head = heads.get(receipt.stream)
      if (head !== undefined && head !== receipt.version)
        faults.push(
          `command ${commandId} is stored in ${receipt.stream} up to version ${head}, and its receipt says ${receipt.version}`,
        )
    }
  return faults
}

const pathOfCommand = (
  evidence: Evidence,
  commandId: string,
  stored: readonly EventFact[],
): readonly string[] => {
  const [first] = stored
  return first === undefined ? commandSteps(evidence, commandId) : pathOf(evidence, first)
}
