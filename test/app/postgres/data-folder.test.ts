import { existsSync } from 'node:fs'
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findDataFolder, openDataFolder } from '../../../src/app/postgres/embedded/data-folder.js'

const asRoot = process.getuid?.() === 0

describe('findDataFolder', () => {
  let project: string

  beforeEach(async () => {
    project = await realpath(await mkdtemp(join(tmpdir(), 'reprise-folder-')))
  })

  afterEach(() => rm(project, { recursive: true, force: true }))

  it('tells the folder in the project that will be used, and makes nothing', async () => {
    await chmod(project, 0o755)
    const named = join(project, 'data', '.reprise')

    const found = await findDataFolder(named)

    expect(found).toBe(join(named, 'postgres'))
    expect(existsSync(dirname(named))).toBe(false)
    expect((await openDataFolder(named, () => undefined)).path).toBe(found)
  })

  it('tells the folder elsewhere that root will use, where the project is closed to others', async () => {
    await chmod(project, 0o700)
    const named = join(project, '.reprise')

    const found = await findDataFolder(named)

    expect(found.startsWith(asRoot ? '/var/tmp/reprise-0/' : named)).toBe(true)
    expect([existsSync(found), existsSync(named)]).toEqual([false, false])
    const notices: string[] = []
    expect((await openDataFolder(named, (line) => notices.push(line))).path).toBe(found)
    expect(notices.join()).toContain(asRoot ? found : '')
    await rm(found, { recursive: true })
  })
})
