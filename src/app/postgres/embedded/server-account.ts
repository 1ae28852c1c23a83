import { stat } from 'node:fs/promises'
import { runProgram } from './run-program.js'
import { EmbeddedPostgresUnavailable } from './embedded-postgres-unavailable.js'

/** The account that Postgres runs under when it cannot run under our own. */
export interface ServerAccount {
  readonly uid: number
  readonly gid: number
}

/** Postgres refuses to run as root, so root has to run it as somebody else. */
export function isRoot(): boolean {
  return process.getuid?.() === 0
}

/**
 * The account that root runs Postgres under: the owner of the data where there is some, else `nobody`.
 * (Postgres also refuses a uid that has no entry in the list of users, so one cannot be made up.)
 */
export async function accountForRoot(data: string): Promise<ServerAccount> {
  const owner = await stat(data).catch(() => undefined)
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  return { uid: await idOfNobody('-u'), gid: await idOfNobody('-g') }
}

/** Whether the account may enter the folder; the system itself is asked, as modes do not tell everything. */
export async function mayEnter(account: ServerAccount, folder: string): Promise<boolean> {
  const { code } = await runProgram('/bin/sh', ['-c', 'test -x "$0"', folder], account)
  return code === 0
}

async function idOfNobody(flag: '-u' | '-g'): Promise<number> {
  const { code, output } = await runProgram('id', [flag, 'nobody'])
  if (code === 0) return Number.parseInt(output, 10)
  throw new EmbeddedPostgresUnavailable(
    'Postgres does not run as root, and there is no user nobody to run it as; ' +
      'run this as an ordinary user or set DATABASE_URL',
  )
}
