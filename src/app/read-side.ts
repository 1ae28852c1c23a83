import type { Log } from '../log/index.js'
import type { EffectParts } from '../processes/effect-parts.js'
import type { EffectsModel } from '../processes/index.js'
import type { ProjectionModel } from '../projections/index.js'
import { rebuildDue } from '../projections/postgres/rebuild-due.js'
import type { ProjectionParts } from '../projections/projection-feed.js'
import type { DeadLetters } from '../subscriptions/index.js'
import type { ReadTransaction } from '../subscriptions/postgres/index.js'
import type { AppModel } from './app-model.js'
import { joinConsumingInstallation } from './consuming/consuming-installation.js'
import { isConsumer } from './consuming/is-consumer.js'
import { consumingParts } from './consuming/consuming-parts.js'
import { consumingEffectParts } from './consuming/consuming-effect-parts.js'
import { deadLettersOf, effectLettersOf } from './dead-letters.js'
import { effectParts } from './effect-parts.js'
import { joinInstallation } from './installation.js'
import { projectionParts } from './projection-parts.js'
import type { ReadInstallation } from './read-installation.js'
import type { Settings } from './settings.js'

/** What the projections and effects of an app run on, whether the app has a store or only consumes. */
export interface ReadSide {
  /** Where their database is, without what opens it. */
  readonly address: string
  readonly log: Log
  readonly partsOf: (projection: ProjectionModel) => ProjectionParts<ReadTransaction>
  readonly effectPartsOf: (effects: EffectsModel) => EffectParts<ReadTransaction>
  readonly lettersOf: (of: ProjectionModel | EffectsModel) => DeadLetters<ReadTransaction>
  /** Why a projection asks for a rebuild with this build's code, where it does. */
  readonly rebuildDue: (projection: ProjectionModel) => Promise<string | undefined>
  close(): Promise<void>
}

/**
 * Opens what the projections of an app that was started before run on, for commands beside it: nothing is migrated,
 * created or recorded.
 *
 * @throws as {@link joinInstallation} or {@link joinConsumingInstallation}
 */
export async function joinReadSide(model: AppModel, settings: Settings): Promise<ReadSide> {
  if (isConsumer(model)) {
    const consuming = await joinConsumingInstallation(model, settings)
    return readSideOf(
      consuming,
      (projection) => consumingParts(consuming, projection),
      (effects) => consumingEffectParts(consuming, effects),
    )
  }
  const installation = await joinInstallation(model, settings)
  return readSideOf(
    installation,
    (projection) => projectionParts(installation, projection),
    (effects) => effectParts(installation, effects),
  )
}

function readSideOf(
  installation: ReadInstallation,
  partsOf: ReadSide['partsOf'],
  effectPartsOf: ReadSide['effectPartsOf'],
): ReadSide {
  const { databases, log } = installation
  return {
    address: databases.readAddress,
    log,
    partsOf,
    effectPartsOf,
    lettersOf: (of) =>
      of.kind === 'effect'
        ? effectLettersOf(databases, effectPartsOf(of))
        : deadLettersOf(databases, partsOf(of)),
    rebuildDue: (projection) => rebuildDue(databases.readDb, databases.schemas.read, projection),
    close: () => installation.close(),
  }
}
