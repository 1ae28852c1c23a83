import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { memoryFolder } from './memory-folder.js'

const checkout = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Where the servers of a run keep their data: in memory where there is room, for nothing of it has to last, and a run makes
 * and drops some hundred databases of a thousand files each; otherwise in the checkout. It stays, to be used by the next run
 * of the same checkout, until somebody deletes it or the machine restarts.
 */
export async function folderOfParts(): Promise<string> {
  const memory = await memoryFolder()
  if (memory === undefined) return join(checkout, '.reprise', 'tests')
  const own = createHash('sha256').update(checkout).digest('hex').slice(0, 12)
  const folder = join(memory, `reprise-tests-${own}`)
  await mkdir(folder, { recursive: true })
  return folder
}
