import type { PreparationsModel } from '../aggregates/index.js'
import type { EffectsModel } from '../processes/index.js'
import type { ProjectionModel } from '../projections/index.js'
import type { AppModel } from './app-model.js'
import { type Role, ROLES } from './roles.js'
import type { ServiceUser } from './services.js'

/** The classes of an app that are made with services, as far as a process of these roles makes them. */
export function serviceUsersOf(
  { projections, effects, preparations }: Pick<AppModel, 'projections' | 'effects' | 'preparations'>,
  roles: ReadonlySet<Role> = new Set(ROLES),
): readonly ServiceUser[] {
  return [
    // What is written in the append's transaction is made where commands are executed.
    ...projections.filter(({ inline }) => roles.has(inline ? 'api' : 'projections')).map(projectionAsUser),
    ...(roles.has('projections') ? effects.map(effectsAsUser) : []),
    ...(roles.has('api') ? preparations.map(preparationsAsUser) : []),
  ]
}

export function projectionAsUser({ name, projectionClass, inject }: ProjectionModel): ServiceUser {
  return { what: `projection ${name}`, userClass: projectionClass, inject }
}

export function effectsAsUser({ name, effectsClass, inject }: EffectsModel): ServiceUser {
  return { what: `effects ${name}`, userClass: effectsClass, inject }
}

export function preparationsAsUser({ preparationsClass, inject }: PreparationsModel): ServiceUser {
  return { what: 'preparing steps', userClass: preparationsClass, inject }
}
