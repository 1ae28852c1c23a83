import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Fills a folder that is then never changed. `fill` gets a temporary folder beside it, which takes the final
 * name in one step: a folder of that name is always complete, also when processes install at once or are
 * killed while they do.
 */
export async function installOnce(folder: string, fill: (folder: string) => Promise<void>): Promise<void> {
  if (existsSync(folder)) return
  await mkdir(dirname(folder), { recursive: true })
  const unfinished = `${folder}.${randomBytes(4).toString('hex')}`
  try {
    await fill(unfinished)
    await rename(unfinished, folder)
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw error
  }
}
