import { constants } from 'node:fs'
import { access, statfs } from 'node:fs/promises'

/** Where Linux keeps files in memory. */
const MEMORY = '/dev/shm'
/** More than all databases that exist at one time take, many times over. */
const ENOUGH = 4 * 1024 ** 3

/** A folder in memory for what need not last, or undefined where there is none or too little room. */
export async function memoryFolder(): Promise<string | undefined> {
  try {
    await access(MEMORY, constants.W_OK)
    const { bavail, bsize } = await statfs(MEMORY)
    return bavail * bsize > ENOUGH ? MEMORY : undefined
  } catch {
    return undefined
  }
}
