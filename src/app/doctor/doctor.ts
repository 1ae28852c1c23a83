import type { ConfigurationError } from '../../core/errors/index.js'
import type { Side } from '../../postgres/migrate.js'
import type { AppModel } from '../app-model.js'
import { isConsumer } from '../consuming/is-consumer.js'
import type { EmbeddedState } from '../postgres/embedded/index.js'
import type { Settings } from '../settings.js'
import { type Check, examined, notChecked, ok, problem } from './check.js'
import { databaseChecks, type Reached, type SideToCheck } from './postgres/database-checks.js'
import { QUIET } from './quiet.js'
import { embeddedCheck, nodeCheck } from './this-machine.js'
import { checkWork } from './work-checks.js'

/**
 * Examines everything that an app runs on, also while it is down: each check has a few seconds, and none needs another
 * one to succeed. Starts, makes and changes nothing.
 */
export async function examine(model: AppModel, settings: Settings): Promise<readonly Check[]> {
  const server = await findAddress(settings)
  const databases = databasesOf(model, settings, server)
  const reached = await Promise.all(databases.map((it) => databaseChecks(it, settings, QUIET)))
  const isSilent = databases.some(({ url }, index) => url === server.url && reached[index]?.isSilent)
  const checks = [
    nodeCheck(),
    ok('settings', 'can be used; reprise config shows them'),
    ...server.checks(isSilent),
    ...reached.flatMap((it) => it.checks),
  ]
  try {
    const having = (side: Side): Reached | undefined => reached.find(({ sides }) => sides.includes(side))
    return [...checks, ...(await checkWork(model, settings, having('store'), having('read')))]
  } finally {
    // A connection that is stuck must not keep what was found out from being told.
    for (const it of reached) void it.close().catch(() => undefined)
  }
}

/** What can be said where a setting cannot be used, so that it is not known what the app runs on. */
export function examineWithout({ setting, message }: ConfigurationError): readonly Check[] {
  const remedy = `correct ${setting}, in the environment of the app and here, and run this again`
  return [
    nodeCheck(),
    problem('settings', message, remedy),
    notChecked('everything else', 'what the app runs on is not known before that'),
  ]
}

/** The server of the store, and of the read side where that has none of its own. */
interface Address extends Pick<SideToCheck, 'origin'> {
  readonly url: string | undefined
  /** What is to be said of it beside what its databases say, once it is known whether they were silent. */
  readonly checks: (isSilent: boolean) => readonly Check[]
}

const originIn = (setting: string): string => `its address is that of ${setting}`

async function findAddress({ databaseUrl, dataFolder }: Settings): Promise<Address> {
  if (databaseUrl !== undefined)
    return { url: databaseUrl, origin: originIn('DATABASE_URL'), checks: () => [] }
  const { inspectEmbeddedPostgres } = await import('../postgres/embedded/index.js')
  let state: EmbeddedState | undefined
  const found = await examined('embedded Postgres', async () => {
    state = await inspectEmbeddedPostgres(dataFolder)
    return embeddedCheck(state, false)
  })
  const running = state?.state === 'running' ? state : undefined
  const { url, folder = dataFolder, pid } = running ?? {}
  return {
    url,
    origin: `it is the embedded Postgres in ${folder} (process ${pid ?? '?'})`,
    checks: (isSilent) => (running === undefined ? found : [embeddedCheck(running, isSilent)]),
  }
}

/** Both sides in one where they are at one address. */
function databasesOf(
  model: AppModel,
  { readDatabaseUrl }: Settings,
  { url: storeUrl, origin }: Address,
): readonly SideToCheck[] {
  const own = isConsumer(model) ? [] : (['store'] as const)
  if (readDatabaseUrl === undefined || readDatabaseUrl === storeUrl)
    return storeUrl === undefined
      ? []
      : [{ name: 'database', origin, url: storeUrl, sides: [...own, 'read'] }]
  const ofStore: SideToCheck[] =
    storeUrl === undefined || own.length === 0
      ? []
      : [{ name: 'database', origin, url: storeUrl, sides: own }]
  const ofRead: SideToCheck = {
    name: 'read database',
    origin: originIn('READ_DATABASE_URL'),
    url: readDatabaseUrl,
    sides: ['read'],
  }
  return [...ofStore, ofRead]
}
