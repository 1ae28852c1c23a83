import { DefinitionError } from '../core/errors/index.js'
import type { ServiceToken } from '../core/service-token.js'

/** What an app asks of a container of yours: inversify's own has it. */
export interface ServiceContainer {
  /** Whether there is such a service. Makes none. */
  isBound(token: ServiceToken): boolean
  /**
   * Gives the service, made now if it must be. Asked for once per start and token.
   *
   * @throws whatever making it throws: the start fails with that
   */
  getAsync(token: ServiceToken): Promise<unknown>
}

/** A class that is made with services. */
export interface ServiceUser {
  /** What it is in its app, for messages: `projection balances`. */
  readonly what: string
  readonly userClass: new (...services: never[]) => object
  /** Tokens of the services that its constructor takes, in order. */
  readonly inject: readonly ServiceToken[]
}

/** The services of an app's classes, fetched from the user's container once, so that instances can be made at any time. */
export class Services {
  readonly #fetched: ReadonlyMap<ServiceToken, unknown>

  private constructor(fetched: ReadonlyMap<ServiceToken, unknown>) {
    this.#fetched = fetched
  }

  /**
   * Fetches what the users name, as far as the container has it.
   *
   * @throws what making a service throws
   */
  static async fetch(
    users: readonly ServiceUser[],
    container: ServiceContainer | undefined,
  ): Promise<Services> {
    const fetched = new Map<ServiceToken, unknown>()
    for (const token of new Set(users.flatMap(({ inject }) => inject))) {
      if (container?.isBound(token) === true) fetched.set(token, await container.getAsync(token))
    }
    return new Services(fetched)
  }

  /**
   * Makes an instance with its services.
   *
   * @throws {@link DefinitionError} naming every service that there is not
   */
  create(user: ServiceUser): object {
    const faults = missing(user, (token) => this.#fetched.has(token))
    if (faults.length > 0) throw new DefinitionError(faults)
    const services = user.inject.map((token) => this.#fetched.get(token))
    return new user.userClass(...(services as never[]))
  }
}

/**
 * Asks the container for nothing but whether it could give.
 *
 * @throws {@link DefinitionError} naming every class and every service that there is not
 */
export function requireServices(
  users: readonly ServiceUser[],
  container: ServiceContainer | undefined,
): void {
  const faults = users.flatMap((user) => missing(user, (token) => container?.isBound(token) === true))
  if (faults.length > 0) throw new DefinitionError(faults)
}

function missing(
  { what, userClass, inject }: ServiceUser,
  has: (token: ServiceToken) => boolean,
): readonly string[] {
  return inject
    .filter((token) => !has(token))
    .map(
      (token) =>
        `${what}: class ${userClass.name} injects ${textOf(token)}, for which there is no service: bind it in a container, and pass that to the start as { container }`,
    )
}

function textOf(token: ServiceToken): string {
  return typeof token === 'function' ? `the class ${token.name}` : String(token)
}
