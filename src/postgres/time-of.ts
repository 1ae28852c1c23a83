import type { Pool } from 'pg'

/** The time by a database's clock, to the millisecond, as events are recorded by it. */
export async function timeOf(pool: Pool): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('SELECT clock_timestamp()::timestamptz(3) AS now')
  return rows[0]?.now ?? new Date(Number.NaN)
}
