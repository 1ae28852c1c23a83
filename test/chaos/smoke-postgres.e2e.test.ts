import { beforeAll, describe, expect, it } from 'vitest'
import { compiledTree } from '../../scripts/compiled-tree.mjs'
import { runChaos, SMOKE_SECONDS, SMOKE_TIMEOUT } from './chaos-command.js'

// Not a part of what is measured in the runs.
beforeAll(compiledTree, 120_000)

describe('a minute of chaos', () => {
  it('leaves every invariant standing on the log in Postgres', { timeout: SMOKE_TIMEOUT }, async () => {
    const { code, output } = await runChaos(
      ...['--seconds', String(SMOKE_SECONDS), '--seed', '7', '--log', 'postgres', '--mix', 'all'],
    )

    expect(code, output).toBe(0)
    expect(output).toContain('every invariant holds')
  })

  it('refuses a nemesis that there is not, and names those that there are', async () => {
    const { code, output } = await runChaos('--mix', 'earthquake')

    expect(code).not.toBe(0)
    expect(output).toContain('there is no nemesis earthquake; there are kill, pause, term')
  })
})
