/** A session of the database with a transaction open that something waits for. */
export interface OpenSession {
  readonly pid: number
  readonly application: string
  readonly user: string
  /** Seconds since its transaction began. Undefined where the database hides that from this role. */
  readonly age: number | undefined
}

/** Names a session for whoever may have to end it: `app of ada (pid 17, open for 40 s)`. */
export function describeSession({ pid, application, user, age }: OpenSession): string {
  const since =
    age === undefined
      ? `its begin is hidden: GRANT pg_read_all_stats to the app's role`
      : `open for ${age.toFixed(0)} s`
  return `${application === '' ? 'a session' : application} of ${user} (pid ${pid}, ${since})`
}
