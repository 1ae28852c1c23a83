import { jsonEncoding } from '../contracts/index.js'
import type { EventEncoding } from '../core/event-encoding.js'
import { DefinitionError } from '../core/errors/index.js'
import { eventTypesOf } from '../core/event-reading.js'
import type { EventReader } from '../core/ports/event-reader.js'
import { PostgresEventReader } from '../postgres/event-reader.js'
import { type Side, SIDES } from '../postgres/migrate.js'
import { Notifications } from '../postgres/notifications.js'
import { type Additions, additionsOfJoin, additionsOfStart } from './additions.js'
import type { AppModel } from './app-model.js'
import { AppendSignal } from './append-signal.js'
import type { ClosingStack } from './closing-stack.js'
import { enterEventSchemas } from './event-schemas.js'
import { PartStates } from './health/part-states.js'
import { openAll } from './open-all.js'
import { openLog } from './open-log.js'
import type { Databases } from './postgres/databases.js'
import { claimForApp, claimLog, requireApp, requireLog, storeIdOf } from './postgres/store-identity.js'
import {
  type Given,
  openBasis,
  ownReadSide,
  prepareSide,
  type ReadInstallation,
} from './read-installation.js'
import { type ReplaceableParts, shippedParts } from './replaceable-parts.js'
import type { Settings } from './settings.js'
import { topicsFor } from './topics.js'

/**
 * What an app with a store runs on: its read side and its store, and the log between them; opened, migrated and known to
 * belong together.
 */
export interface Installation extends ReadInstallation {
  readonly storeId: string
  readonly encoding: EventEncoding
  readonly history: EventReader
  /** Wake-up calls between processes go by way of the store's database, which every process of the app is connected to. */
  readonly notifications: Notifications
  /** Tells of appends, in this process and others. */
  readonly appends: AppendSignal
}

/**
 * Opens everything an app runs on. With `provision` it also migrates and creates topics; without, what is missing is an
 * error that names the command.
 *
 * @throws {@link DefinitionError} where a class injects a service that there is not, or a projection that is inline could
 * not be; {@link DatabaseUnreachable}, {@link DatabaseTooNew}, {@link DatabaseTooOld}, {@link LogMismatch},
 * {@link LogUnavailable}, {@link StoreMismatch}, {@link TopicMissing}; whatever was opened by then is closed again
 */
export async function openInstallation(
  model: AppModel,
  settings: Settings,
  parts: ReplaceableParts = shippedParts,
): Promise<Installation> {
  const additions = additionsOfStart(model, settings)
  return openAll((closing) => open({ model, settings, parts }, additions, closing))
}

/**
 * Opens what an app that was started before runs on, for commands beside it: nothing is migrated, created or recorded,
 * whatever `provision` says. Topics that do not exist yet are left alone, and a service that there is not is missed only
 * when it is asked for.
 *
 * @throws as {@link openInstallation}, {@link TopicMissing} apart
 */
export function joinInstallation(model: AppModel, settings: Settings): Promise<Installation> {
  const additions = additionsOfJoin(model)
  return openAll((closing) => open({ model, settings, parts: shippedParts }, additions, closing))
}

async function open(
  given: Given,
  additions: Additions,
  closing: ClosingStack,
): Promise<Omit<Installation, 'close'>> {
  const { model, settings, parts } = given
  const { firstUse, migrations, missingTopic } = additions
  const basis = await openBasis(given, additions, closing)
  const { databases, logger } = basis
  const { schemas, store } = databases
  await requireOneDatabase(model, databases)
  for (const side of SIDES) await prepareSide(side, basis, additions, urlSettingOf(side, databases))
  if (firstUse) await claimForApp(store, schemas.store, model.name)
  else await requireApp(store, schemas.store, model.name)
  await ownReadSide(basis, additions)
  if (migrations) await enterEventSchemas(model, databases)
  const storeId = await storeIdOf(store, schemas.store)
  const encoding = jsonEncoding({ service: model.name, storeId })
  const notifications = new Notifications(store, logger)
  closing.add(() => notifications.close())
  const log = await openLog(settings, databases, encoding, notifications, logger, parts.failpoints)
  closing.add(() => log.close())
  const usedBefore = await requireLog(store, schemas.store, log.identity, settings.logWayOut)
  const topics = await topicsFor(model, { log, missingTopic, storeId, usedBefore, encoding, logger })
  // Only now: a start that was refused must not bind the store to a log that was named by mistake.
  if (firstUse) await claimLog(store, schemas.store, log.identity, settings.logWayOut)
  return {
    ...basis,
    log,
    storeId,
    encoding,
    eventTypes: eventTypesOf(model.aggregates.flatMap(({ events }) => [...events.values()])),
    history: new PostgresEventReader(store, schemas.store),
    notifications,
    appends: new AppendSignal(notifications, schemas.store),
    states: new PartStates(),
    topics,
  }
}

/** What names the database of a side. */
function urlSettingOf(side: Side, { address, readAddress }: Databases): string {
  return side === 'read' && readAddress !== address ? 'READ_DATABASE_URL' : 'DATABASE_URL'
}

/** What is written in the append's transaction can only be where the append is. */
async function requireOneDatabase({ projections }: AppModel, databases: Databases): Promise<void> {
  const inline = projections.filter((it) => it.inline)
  if (inline.length === 0 || (await databases.areOne())) return
  throw new DefinitionError(
    inline.map(
      ({ name }) =>
        `projection ${name}: it is inline, but READ_DATABASE_URL leads to another database than DATABASE_URL: leave that out, or let the projection follow the log`,
    ),
  )
}
