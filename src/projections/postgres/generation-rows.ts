import type { GenerationStatus, StreamProgress } from '../generation.js'

/** How far a generation is with a stream, as the database answers it. */
export interface ProgressRow {
  readonly version: bigint | null
  readonly failure: string | null
  readonly parked_version: bigint | null
  readonly parked_event: string | null
  readonly parked_reason: string | null
}

/** Which generations there are, as the database answers it. */
export interface StatusRow {
  readonly live: number
  readonly admitted: boolean
  readonly building: number | null
  readonly building_is_ours: boolean
  readonly schema: string
  readonly declared_version: number
  readonly state: 'running' | 'stopped'
  readonly failure: string | null
}

export function progressFrom(row: ProgressRow | undefined): StreamProgress {
  return { version: Number(row?.version ?? 0), parked: parkedIn(row), failure: row?.failure ?? undefined }
}

export function statusFrom(projection: string, row: StatusRow): GenerationStatus {
  return {
    live: { projection, generation: row.live, schema: row.schema },
    admitted: row.admitted,
    building: row.building ?? undefined,
    buildingIsOurs: row.building_is_ours,
    declaredVersion: row.declared_version,
    state: row.state,
    failure: row.failure ?? undefined,
  }
}

function parkedIn(row: ProgressRow | undefined): StreamProgress['parked'] {
  if (row?.parked_version == null) return undefined
  const { parked_version: version, parked_event: eventId, parked_reason: reason } = row
  return {
    version: Number(version),
    eventId: eventId ?? undefined,
    reason: reason ?? 'it waits behind another event of its key',
  }
}
