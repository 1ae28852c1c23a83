import type { LaneProgress, WaitingLane } from '../subscriptions/index.js'
import type { EffectFeeder, EffectParts } from './effect-parts.js'
import type { RegisteredEffects } from './effect-registry.js'
import { EFFECT_GENERATION } from './effects-model.js'

/** Where a class of effects stands, with what is the same of all of them where projections differ. */
export interface EffectStatus extends LaneProgress {
  readonly name: string
  readonly kind: 'effect'
  readonly inline: false
  readonly version: 1
  readonly generation: number | undefined
  readonly building: undefined
  /** As those of projections: `new` was never started, `waiting` has a lane that waits. */
  readonly state: 'new' | 'ready' | 'waiting' | 'stopped'
  /** It acts on events that were recorded then or later. Undefined: on all of them, or it is new. */
  readonly actsFrom: Date | undefined
  readonly feeders: readonly EffectFeeder[]
  readonly waiting: readonly WaitingLane[]
  /** What stopped it. */
  readonly failure: string | undefined
}

/** Looks up where a class of effects stands, whether or not anybody feeds it. Changes nothing. */
export async function effectStatus<Tx>(parts: EffectParts<Tx>): Promise<EffectStatus> {
  const { model, registry, feeders, checkpoints, source } = parts
  const registered = await registry.status()
  const ref = { name: model.name, generation: EFFECT_GENERATION }
  const waiting = registered === undefined ? [] : await checkpoints.waiting(ref)
  const positions = registered === undefined ? [] : await checkpoints.positions(ref)
  return {
    name: model.name,
    kind: 'effect',
    inline: false,
    version: 1,
    generation: registered && EFFECT_GENERATION,
    building: undefined,
    state: stateOf(registered, waiting),
    actsFrom: registered?.actsFrom,
    feeders: await feeders.of(model.name),
    waiting,
    failure: registered?.failure,
    ...(await source.progress(positions)),
  }
}

function stateOf(
  registered: RegisteredEffects | undefined,
  waiting: readonly WaitingLane[],
): EffectStatus['state'] {
  if (registered === undefined) return 'new'
  if (registered.state === 'stopped') return 'stopped'
  return waiting.length > 0 ? 'waiting' : 'ready'
}
