import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'

export const HEADER = 'trans_id;account_id;date;type;operation;amount;balance;k_symbol;bank;account'

/** So many credits of one crown on so many accounts, in turn; the bank's balances agree. */
export function credits(count: number, accounts: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => {
    const balance = Math.floor(index / accounts) + 1
    return `${index + 1};${(index % accounts) + 1};930101;PRIJEM;VKLAD;1.00;${balance}.00;;;`
  })
}

/** Gives the test file a folder to put the bank's files in. */
export function useBankFiles(): (lines: readonly string[], header?: string) => Promise<string> {
  let folder: string | undefined
  let files = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'bank-'))
  })
  afterAll(() => (folder === undefined ? undefined : rm(folder, { recursive: true })))
  return async (lines, header = HEADER) => {
    const path = join(folder ?? '', `${++files}.csv`)
    await writeFile(path, `${[header, ...lines].join('\n')}\n`)
    return path
  }
}
