import { laneName } from '../../../log/index.js'
import { readTables, storeTables } from '../../../outbox/postgres/index.js'
import type { Schemas } from '../../../postgres/schemas.js'
import type { AppModel } from '../../app-model.js'
import { PostgresReadLook } from '../../health/postgres/read-look.js'
import { PostgresStoreLook } from '../../health/postgres/store-look.js'
import { lookAtOutbox } from '../../postgres/outbox-look.js'
import type { LogFindings } from '../log-checks.js'
import type { Work } from '../stall-checks.js'
import type { Reached } from './database-checks.js'

/** What can be looked at, and where its ends are. */
export interface WorkPlaces {
  readonly store: Reached | undefined
  readonly read: Reached | undefined
  readonly schemas: Schemas
  readonly model: AppModel
  readonly ends: LogFindings['ends']
}

/** What is left to do now in the outboxes and the lanes of projections, as far as that can be asked. */
export async function workLeft(places: WorkPlaces): Promise<readonly Work[]> {
  const { store, read, schemas } = places
  const works: Work[] = []
  if (store !== undefined) {
    const { firstRow, unpublished } = await lookAtOutbox(store.pool, storeTables(schemas.store))
    works.push({
      check: 'relay',
      place: 'the outbox',
      next: firstRow ?? 0n,
      left: unpublished,
      isShared: true,
    })
  }
  if (read !== undefined) {
    const { firstRow, unpublished } = await lookAtOutbox(read.pool, readTables(schemas.read))
    works.push({
      check: 'letter relay',
      place: 'its outbox',
      next: firstRow ?? 0n,
      left: unpublished,
      isShared: true,
    })
    works.push(...(await lanesLeft(places, read)))
  }
  return works
}

/** A lane that waits has a check that says what for. */
async function lanesLeft(
  { store, schemas, model, ends }: WorkPlaces,
  { pool }: Reached,
): Promise<readonly Work[]> {
  const names = [...model.projections, ...model.effects].map(({ name }) => name)
  const { projections: looks } = await new PostgresReadLook(pool, schemas.read).take(names)
  const inStore = store && new PostgresStoreLook(store.pool, schemas.store)
  const works: Work[] = []
  for (const { name, lanes } of looks.values()) {
    const check = `${model.effects.some((it) => it.name === name) ? 'effects' : 'projection'} ${name}`
    const ordered = orderedTypes(model, name)
    for (const lane of lanes.filter(({ waiting }) => waiting === null)) {
      const { next } = lane
      const end = ends.get(laneName(lane)) ?? next
      const left =
        ordered === undefined ? end - next : BigInt((await inStore?.eventsFrom(ordered, next)) ?? 0)
      works.push({ check, place: laneName(lane), next, left, isShared: false })
    }
  }
  return works
}

/** The types of streams that a projection follows in the order of the store, where it does. */
function orderedTypes({ projections, aggregates }: AppModel, named: string): readonly string[] | undefined {
  const ordered = projections.find(({ name, across }) => name === named && across === 'ordered')
  if (ordered === undefined) return undefined
  const { sources } = ordered
  return aggregates.filter((it) => sources.includes(it.aggregateClass)).map(({ name }) => name)
}
