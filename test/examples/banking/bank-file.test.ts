import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { BankFile } from '../../../examples/banking/src/bank-file/bank-file.js'
import { type Line, linesOf } from '../../../examples/banking/src/bank-file/lines.js'
import { credits, useBankFiles } from '../../support/bank-file.js'

const bankFile = useBankFiles()

async function collected<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const linesIn = (...chunks: readonly string[]): Promise<readonly Line[]> =>
  collected(linesOf(Readable.from(chunks.map((chunk) => Buffer.from(chunk)))))

describe('linesOf', () => {
  it('finds the same lines however the bytes are cut', async () => {
    const text = 'one\r\ntwo\n\nčtyři\nlast'
    const expected = await linesIn(text)

    expect(expected.map(({ text }) => text)).toEqual(['one', 'two', '', 'čtyři', 'last'])
    expect(expected.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5])
    const bytes = Buffer.from(text)
    expect(expected.reduce((sum, line) => sum + line.bytes, 0)).toBe(bytes.length)
    for (let size = 1; size < bytes.length; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.subarray(index * size, (index + 1) * size),
      )
      expect(await collected(linesOf(Readable.from(chunks)))).toEqual(expected)
    }
  })

  it('passes by a byte order mark', async () => {
    expect((await linesIn('\uFEFFone\n'))[0]?.text).toBe('one')
  })

  it('refuses what never ends instead of keeping it', async () => {
    const endless = function* () {
      for (;;) yield Buffer.alloc(10_000, 'x')
    }

    await expect(collected(linesOf(Readable.from(endless())))).rejects.toThrow('longer than')
  })
})

describe('BankFile', () => {
  it('gives the transactions in order with their line numbers', async () => {
    const file = await BankFile.open(await bankFile(credits(3, 2)))

    const transactions = await collected(file.transactions())
    await file.close()

    expect(transactions.map(({ line, transactionId }) => [line, transactionId])).toEqual([
      [2, '1'],
      [3, '2'],
      [4, '3'],
    ])
  })

  it('names a malformed line by its number, after giving all before it', async () => {
    const path = await bankFile([...credits(2, 1), 'nonsense', ...credits(1, 1)])
    const file = await BankFile.open(path)
    const seen: number[] = []

    const reading = (async () => {
      for await (const { line } of file.transactions()) seen.push(line)
    })()

    await expect(reading).rejects.toThrow(`line 4 of ${path} is malformed: must have 10 columns`)
    expect(seen).toEqual([2, 3])
    await file.close()
  })

  it('says which file cannot be read and why', async () => {
    await expect(BankFile.open('/no/such/file')).rejects.toThrow(
      'the file /no/such/file cannot be read: it does not exist',
    )
    await expect(BankFile.open('/')).rejects.toThrow('it is a folder')
  })
})
