import { homedir } from 'node:os'
import { join } from 'node:path'

/**
 * Where this user's machine keeps what can be fetched or copied again: `$XDG_CACHE_HOME/reprise` when that is
 * set, else the platform's own place.
 */
export function cacheFolder(): string {
  const named = process.env['XDG_CACHE_HOME']
  if (named !== undefined && named !== '') return join(named, 'reprise')
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'reprise')
  if (process.platform === 'win32') {
    return join(process.env['LOCALAPPDATA'] ?? join(homedir(), 'AppData', 'Local'), 'reprise', 'cache')
  }
  return join(homedir(), '.cache', 'reprise')
}
