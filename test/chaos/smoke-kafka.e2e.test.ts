import { beforeAll, describe, expect, inject, it } from 'vitest'
import { compiledTree } from '../../scripts/compiled-tree.mjs'
import { runChaos, SMOKE_SECONDS, SMOKE_TIMEOUT } from './chaos-command.js'

// Not a part of what is measured in the run.
beforeAll(compiledTree, 120_000)

describe('a minute of chaos', () => {
  it('leaves every invariant standing on Kafka', { timeout: SMOKE_TIMEOUT }, async ({ skip }) => {
    if (inject('kafkaMissing') !== '') skip(inject('kafkaMissing'))

    const { code, output } = await runChaos(
      ...['--seconds', String(SMOKE_SECONDS), '--seed', '8', '--log', 'kafka', '--mix', 'all'],
    )

    expect(code, output).toBe(0)
    expect(output).toContain('every invariant holds')
  })
})
