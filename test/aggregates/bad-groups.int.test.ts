import { describe, expect, it } from 'vitest'
import { DefinitionError, InvalidValue } from 'reprise'
import { DepositMoney } from '../support/bank.js'
import { Join } from '../support/members.js'
import { countOf } from '../support/store-facts.js'
import { useMigratedDatabase } from '../support/write-side.js'

describe('what executeAll does not take', () => {
  const database = useMigratedDatabase()
  const on = (accountId: string) => new DepositMoney({ accountId, amount: 1n })

  it('two commands for one stream, naming both and what to do', async () => {
    const side = database.writeSide()

    const executing = side.bus.executeAll([on('1'), on('2'), on('1')])

    await expect(executing).rejects.toBeInstanceOf(InvalidValue)
    await expect(executing).rejects.toMatchObject({
      violations: [
        {
          path: 'commands[2]',
          problem:
            'is for account-1, as commands[0] is: make one command of them, or execute them in two calls',
        },
      ],
    })
  })

  it('an empty list, or what is none', async () => {
    const { bus } = database.writeSide()

    await expect(bus.executeAll([])).rejects.toThrow('commands must hold at least one command')
    await expect(bus.executeAll(on('1') as never)).rejects.toThrow('commands must be a list of commands')
  })

  it('anything else, and says all that is wrong at once', async () => {
    const { bus } = database.writeSide()
    const guard = (type: unknown, id: unknown, version: unknown) => ({ stream: { type, id }, version })

    const executing = bus.executeAll([on('1'), {} as never], {
      commandId: '',
      expect: [
        guard('acount', '', -1),
        guard('account', '5', 1),
        guard('account', '5', 2),
        {},
        guard('account', 5, 'soon'),
        { stream: 'acount-5', version: 1 },
      ] as never,
    })

    await expect(executing).rejects.toMatchObject({
      violations: [
        { path: 'commands[1]' },
        { path: 'commandId' },
        { path: 'expect[0].stream.type' },
        { path: 'expect[0].stream.id' },
        { path: 'expect[0].version' },
        { path: 'expect[2]' },
        { path: 'expect[3].stream' },
        { path: 'expect[3].version' },
        { path: 'expect[4].stream' },
        { path: 'expect[4].version' },
        { path: 'expect[5].stream.type' },
      ],
    })
    await expect(bus.executeAll([on('1')], { expect: 5 as never })).rejects.toThrow('expect must be a list')
    await expect(bus.execute(on('1'), { expect: 1.5 })).rejects.toThrow('expect must be a version from 0 on')
  })

  it('commands that nobody handles', async () => {
    const { bus } = database.writeSide()

    const executing = bus.executeAll([on('1'), new Join({ memberId: '1', email: 'a@example.org' })])

    await expect(executing).rejects.toBeInstanceOf(DefinitionError)
    await expect(executing).rejects.toThrow('no aggregate of this app handles the command Join')
    expect(await countOf(database.pool, 'streams')).toBe(0)
  })
})
