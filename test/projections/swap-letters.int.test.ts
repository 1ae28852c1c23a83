import { beforeEach, describe, expect, it } from 'vitest'
import { bank } from '../support/bank.js'
import { generationsOfBalances } from '../support/bank-facts.js'
import { letterOf, parkLetters } from '../support/letters.js'
import { Reader, ReadSide, useFreshDatabases } from '../support/read-side.js'

const freshDatabase = useFreshDatabases()
let url = ''
beforeEach(async () => {
  url = await freshDatabase()
})

describe('a swap', () => {
  it('sees a letter that a batch of the new generation is about to commit, and is not done', async () => {
    await using side = await ReadSide.open(url, bank)
    const { generations } = side.parts('balances')
    await generations.ensureLive()
    await generations.createBuilding()
    await generations.hold(1, 60_000, 1_000)
    await parkLetters(side.installation.databases.read, { name: 'balances', generation: 1 }, [
      letterOf('a', 1),
    ])
    await using batch = await Reader.open(url)
    await batch.rows('BEGIN')
    await batch.rows(
      `UPDATE reprise_read.checkpoints SET next_offset = next_offset WHERE generation = 2 AND partition = 1`,
    )
    await batch.rows(
      `INSERT INTO reprise_read.parked_events OVERRIDING SYSTEM VALUE
       SELECT (jsonb_populate_record(l, '{"id": 999, "generation": 2}')).*
       FROM reprise_read.parked_events l WHERE generation = 1`,
    )

    expect(await generations.swap(1, 2, 0)).toBe('blocked')

    await batch.rows('COMMIT')
    expect(await generations.swap(1, 2, 0)).toBe('parked')
    expect(await generationsOfBalances(url)).toMatchObject({ live: 1, building: 2 })
    expect(await generations.swap(1, 2, 1)).toBe('swapped')
  })
})
