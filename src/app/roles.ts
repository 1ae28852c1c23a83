import { ConfigurationError } from '../core/errors/index.js'
import { type Environment, listOf, variable } from './setting-values.js'

export const ROLES = ['api', 'relay', 'projections'] as const
/**
 * What a process does for its app: `api` executes commands, `relay` publishes what is committed, `projections` feeds the
 * read models, and has effects act on events. Reading and waiting is possible in each.
 */
export type Role = (typeof ROLES)[number]

/** @throws {@link ConfigurationError} for a role that there is not, or none at all */
export function rolesFrom(
  option: readonly Role[] | 'all' | undefined,
  environment: Environment,
): ReadonlySet<Role> {
  const given = option ?? variable(environment, 'REPRISE_ROLES')
  if (given === undefined) return new Set(ROLES)
  const named = typeof given === 'string' ? listOf(given) : given
  if (named.length === 0) throw new ConfigurationError('REPRISE_ROLES', `must name ${CHOICE}`)
  return new Set(named.flatMap(rolesOf))
}

function rolesOf(name: string): readonly Role[] {
  if (name === 'all') return ROLES
  const role = ROLES.find((it) => it === name)
  if (role !== undefined) return [role]
  throw new ConfigurationError('REPRISE_ROLES', `must name ${CHOICE}, not ${JSON.stringify(name)}`)
}

const CHOICE = `one or more of ${ROLES.join(', ')}, or all`
