import { describe, expect, it } from 'vitest'
import { commandsHealth } from '../../../src/app/health/commands-health.js'
import { PartState } from '../../../src/app/health/part-state.js'

const now = () => new Date()
const minuteLater = () => new Date(Date.now() + 60_000)

function commandsWith(appends: PartState, store: PartState, at: Date, underWay = 0) {
  return commandsHealth({ underWay, limit: 2, appends, store }, at)
}

function failed(): PartState {
  const part = new PartState()
  part.failed(new Error('planted'))
  return part
}

describe('commandsHealth', () => {
  it('says down after a command could not be stored, though the store answers', () => {
    const appends = failed()

    expect(commandsWith(appends, new PartState(), now())).toMatchObject({
      state: 'down',
      begun: appends.since,
      lastError: { message: 'planted' },
    })
  })

  it('says ok a while after the last failure where the store is well and no command came since', () => {
    const appends = failed()

    const found = commandsWith(appends, new PartState(), minuteLater())

    expect(found).toMatchObject({ state: 'ok', lastError: { message: 'planted' } })
    expect(found.begun?.getTime()).toBeGreaterThan(appends.since.getTime())
    expect(found.begun?.getTime()).toBeLessThan(minuteLater().getTime())
  })

  it('says down as long as the store is, however long ago the last command came', () => {
    expect(commandsWith(failed(), failed(), minuteLater()).state).toBe('down')
  })

  it('says ok as soon as a command is stored', () => {
    const appends = failed()
    appends.answered()

    expect(commandsWith(appends, new PartState(), now())).toMatchObject({ state: 'ok', begun: appends.since })
  })

  it('says overloaded where no more are taken', () => {
    expect(commandsWith(new PartState(), new PartState(), now(), 2).state).toBe('overloaded')
  })
})
