import { BuildRefused } from '../../core/errors/index.js'
import { type BuildStanding, olderBuildFault } from './builds.js'
import { type BuiltAs, type DeclaredAs, grownTypes, misfits } from './generation-fit.js'

/** What stands against a build that would feed a generation, or write it; undefined where nothing does. */
export function buildRefusal(
  projection: string,
  generation: number,
  built: BuiltAs,
  declared: DeclaredAs,
  standing: BuildStanding,
): BuildRefused | undefined {
  const faults = misfits(projection, generation, built, declared, standing.admitted)
  const older = olderBuildFault(projection, generation, declared.fingerprint, standing)
  if (faults.length === 0 && older === undefined) return undefined
  const isOlder = isOlderThan(built, declared, standing)
  // Where a build does not fit in other ways, these are told alone: to accept it would not help.
  return new BuildRefused(older === undefined || faults.length > 0 ? faults : [older], { isOlder })
}

/**
 * Whether what was built is of a newer release than a build that it does not fit: it has a higher version, the build fed an
 * earlier generation, or nothing is wrong with it but that it lacks event types, as before they were added.
 */
function isOlderThan(built: BuiltAs, declared: DeclaredAs, { admitted, earlier }: BuildStanding): boolean {
  if (built.version !== declared.version) return built.version > declared.version
  if (!admitted && earlier !== null) return true
  const asGrown = { ...declared, eventTypes: [...declared.eventTypes, ...grownTypes(declared, built)] }
  return misfits('', 0, built, asGrown, admitted).length === 0
}
