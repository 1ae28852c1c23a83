import type { EffectFact, EventFact } from '../facts.js'
import { appliedEvents } from './applied-events.js'
import { type Evidence, grouped } from './evidence.js'
import { pathOf } from './event-path.js'
import type { Findings } from './verdict.js'

/** The type of event that each class of effects acts on. */
export const EFFECTS: ReadonlyMap<string, string> = new Map([['mail', 'ItemAppended']])

/** How much of each there is. */
export interface EffectCounts {
  readonly done: number
  readonly repeated: number
  readonly missing: number
}

/** Each event that an effect has behind it was acted on, under one key that is its own, and nothing else was. */
export function checkEffects(evidence: Evidence, findings: Findings): EffectCounts {
  const { effects } = evidence.facts
  const done = grouped(effects, keyOf)
  for (const times of done.values()) {
    checkKey(evidence, times, findings)
    const effective = times.filter((it) => it.effective)
    if (effective.length > 1) {
      const what = `effect ${keyOf(effective[0])} was done ${effective.length} times`
      findings.add(what, {
        at: effective[1]?.at,
        weight: effective.length,
        path: () => pathOfEffect(evidence, effective),
      })
    }
  }
  for (const times of done.values()) checkReplay(evidence, times, findings)
  const missing = [...EFFECTS].flatMap(([effect, type]) => missingOf(evidence, effect, type))
  for (const { effect, event } of missing)
    findings.add(`${effect} has event ${event.eventId} behind it, and never acted on it`, {
      at: event.recordedAt,
      path: () => pathOf(evidence, event),
    })
  return { done: done.size, repeated: effects.length - done.size, missing: missing.length }
}

/** What was done before the checkpoint passed an event may be done again, as after a crash; what is behind it is history. */
function checkReplay(evidence: Evidence, times: readonly EffectFact[], findings: Findings): void {
  const [first, ...again] = times.toSorted((a, b) => a.at - b.at)
  if (first === undefined || again.length === 0) return
  const passed = passedAt(evidence, first)
  const replayed = again.filter(({ at }) => passed !== undefined && at > passed)
  if (replayed.length === 0) return
  findings.add(`effect ${keyOf(first)} was done again when its event had long been behind it`, {
    at: replayed[0]?.at,
    weight: replayed.length,
    path: () => pathOfEffect(evidence, times),
  })
}

/** When a checkpoint of the effects was first seen beyond the event's first record. */
function passedAt(evidence: Evidence, { effect, eventId }: EffectFact): number | undefined {
  const record = evidence.copies.get(eventId)?.[0]
  if (record === undefined) return undefined
  const { topic, partition, offset } = record
  const sample = evidence.facts.samples.find(({ checkpoints }) =>
    checkpoints?.some(
      (it) =>
        it.projection === effect &&
        it.topic === topic &&
        it.partition === partition &&
        BigInt(it.nextOffset) > BigInt(offset),
    ),
  )
  return sample?.at
}

/** Of an event, under another key: what was done again is not known as the same. */
function checkKey(evidence: Evidence, times: readonly EffectFact[], findings: Findings): void {
  const [first] = times
  if (first === undefined) return
  const { effect, idempotencyKey, eventId, at } = first
  const event = evidence.eventById.get(eventId)
  const isOwn = idempotencyKey.endsWith(`.${effect}:${eventId}`)
  if (event !== undefined && event.type === EFFECTS.get(effect) && isOwn) return
  findings.add(`effect ${idempotencyKey} was done, which is no key of an event that ${effect} acts on`, {
    at,
    path: () => pathOfEffect(evidence, times),
  })
}

function missingOf(
  evidence: Evidence,
  effect: string,
  type: string,
): readonly { readonly effect: string; readonly event: EventFact }[] {
  const acted = new Set(evidence.facts.effects.filter((it) => it.effect === effect).map((it) => it.eventId))
  return evidence.liveProjections
    .filter(({ name }) => name === effect)
    .flatMap((projection) => appliedEvents(evidence, projection).applied)
    .filter((event) => event.type === type && !acted.has(event.eventId))
    .map((event) => ({ effect, event }))
}

const keyOf = (fact: EffectFact | undefined): string => `${fact?.effect ?? ''} ${fact?.idempotencyKey ?? ''}`

function pathOfEffect(evidence: Evidence, times: readonly EffectFact[]): readonly string[] {
  const event = evidence.eventById.get(times[0]?.eventId ?? '')
  return [
    ...(event === undefined ? [] : pathOf(evidence, event)),
    ...times.map(({ at, process, life }) => `done ${new Date(at).toISOString()} by ${process}#${life}`),
  ]
}
