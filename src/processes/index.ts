// The reacting side: what acts on the world outside because of events.
export { Effects, type EffectsOptions, On, type OnDecorator } from './decorators.js'
export { type ActingOn, defineEffects, type EffectsDefinition } from './define-effects.js'
export type {
  Beginning,
  EffectContext,
  EffectHandlerModel,
  EffectsClass,
  EffectsModel,
} from './effects-model.js'
export { effectsModelOf } from './read-effects-model.js'
