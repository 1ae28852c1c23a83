import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeFolder } from '../../../src/app/local-servers/make-folder.js'

let root = ''
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'reprise-folder-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

describe('makeFolder', () => {
  it('creates a folder with its parents, and leaves one that exists', async () => {
    const folder = join(root, 'a', 'b', 'c')
    await makeFolder(folder)
    await makeFolder(folder)

    expect((await stat(folder)).isDirectory()).toBe(true)
  })

  it('refuses a place that a file takes', async () => {
    await writeFile(join(root, 'file'), '')

    await expect(makeFolder(join(root, 'file'))).rejects.toMatchObject({ code: 'EEXIST' })
    await expect(makeFolder(join(root, 'file', 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' })
  })

  it.runIf(process.platform === 'linux')('ends where no folder can exist', async () => {
    await expect(makeFolder('/proc/reprise/below')).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
