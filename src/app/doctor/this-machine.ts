import type { EmbeddedState } from '../postgres/embedded/index.js'
import { wayOutOfSilence } from '../postgres/embedded/connection.js'
import { type Check, ok, problem, warning } from './check.js'

/** By major version the first release that will do; what is newer than all of them will do as well. */
const NODE_RELEASES = new Map([
  [20, 19],
  [22, 13],
  [24, 0],
])

export function nodeCheck(version = process.versions.node): Check {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const first = NODE_RELEASES.get(major)
  const fits = first === undefined ? major > 24 : minor >= first
  const needed = [...NODE_RELEASES].map((release) => release.join('.')).join(', ')
  return fits
    ? ok('Node.js', version)
    : problem('Node.js', `${version} is not supported`, `install one of ${needed}, or newer of these`)
}

/** What is to be said of the embedded server, and of whether a connection heard anything. It is neither started nor made. */
export function embeddedCheck(state: EmbeddedState, isSilent: boolean): Check {
  const { folder, pid, port, users, log, url } = state
  const by = users.length === 0 ? 'no process' : `process ${users.join(', ')}`
  const name = 'embedded Postgres'
  const again =
    users.length === 0
      ? 'start the app, which starts it and recovers what was committed'
      : `process ${users.join(', ')} starts it again; if that does not come about, see ${log}`
  switch (state.state) {
    case 'absent':
      return problem(
        name,
        `${folder} holds no database yet`,
        'start the app once, name another folder with REPRISE_DATA_FOLDER, or set DATABASE_URL',
      )
    case 'stopped':
      return users.length === 0
        ? warning(name, `does not run, as no process uses it; its data is in ${folder}`, again)
        : problem(name, `does not run; its data is in ${folder}`, again)
    case 'killed':
      return problem(name, `was killed (it ran as process ${pid ?? '?'}); its data is in ${folder}`, again)
    case 'stopping':
      return problem(name, `is stopping (process ${pid ?? '?'})`, 'wait until it has, then start the app')
    case 'running':
      if (url === undefined)
        return problem(
          name,
          `its password cannot be read in ${folder}`,
          'run this as the user who started it',
        )
      if (isSilent)
        return problem(
          name,
          `runs on port ${port ?? '?'} (process ${pid ?? '?'}), used by ${by}, and does not answer`,
          `${wayOutOfSilence(pid)}; its data is in ${folder}, its log is ${log}`,
        )
      return users.length === 0
        ? warning(
            name,
            `runs on port ${port ?? '?'} (process ${pid ?? '?'}), and no process of an app uses it`,
            'start the app, which adopts it',
          )
        : ok(name, `runs on port ${port ?? '?'} (process ${pid ?? '?'}), used by ${by}`)
    default:
      return state.state satisfies never
  }
}
