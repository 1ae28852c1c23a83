import type { AppModel } from './app-model.js'
import { serviceUsersOf } from './service-users.js'
import { requireServices, type ServiceUser } from './services.js'
import type { Settings } from './settings.js'
import type { MissingTopic } from './topics.js'

/** What opening an app may add to what it finds. */
export interface Additions {
  /** An embedded database where there is none, and what is recorded of the app at first use. */
  readonly firstUse: boolean
  readonly migrations: boolean
  /** What becomes of a topic of the app's own that is missing. */
  readonly missingTopic: MissingTopic
  /** The classes that will be made with services. */
  readonly serviceUsers: readonly ServiceUser[]
}

/**
 * What a start adds: with `provision` also migrations and topics. Without, what is missing is an error that names the
 * command.
 *
 * @throws {@link DefinitionError} where a class injects a service that there is not
 */
export function additionsOfStart(
  model: AppModel,
  { provision, roles, container }: Pick<Settings, 'provision' | 'roles' | 'container'>,
): Additions {
  const serviceUsers = serviceUsersOf(model, roles)
  requireServices(serviceUsers, container)
  return {
    firstUse: true,
    migrations: provision,
    missingTopic: provision ? 'create' : 'refuse',
    serviceUsers,
  }
}

/**
 * What a command adds beside an app that was started before: nothing, whatever `provision` says. Topics that do not exist
 * yet are left alone, and a service that there is not is missed only when it is asked for.
 */
export function additionsOfJoin(model: AppModel): Additions {
  return { firstUse: false, migrations: false, missingTopic: 'leave', serviceUsers: serviceUsersOf(model) }
}
