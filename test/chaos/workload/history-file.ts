import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { HistoryEntry } from '../facts.js'

/** Lines of a file whose last writer may have been killed within one. */
export function readLines<T>(path: string): readonly T[] {
  if (!existsSync(path)) return []
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as T]
      } catch {
        return []
      }
    })
}

/** What a client asked for and was answered. Each line is in the file before the client goes on. */
export class HistoryFile {
  readonly #path: string
  readonly #writer: Pick<HistoryEntry, 'process' | 'life'>

  constructor(path: string, writer: Pick<HistoryEntry, 'process' | 'life'>) {
    this.#path = path
    this.#writer = writer
    // What the life before was killed at must not run into our first line.
    if (existsSync(path)) appendFileSync(path, '\n')
  }

  write(entry: Omit<HistoryEntry, 'at' | 'process' | 'life'>): void {
    appendFileSync(this.#path, `${JSON.stringify({ at: Date.now(), ...this.#writer, ...entry })}\n`)
  }

  /** The last tries of earlier lives to which no answer is known, newest first. */
  unanswered(limit: number): readonly HistoryEntry[] {
    const byCommand = new Map<string, HistoryEntry>()
    for (const entry of readLines<HistoryEntry>(this.#path)) {
      if (entry.phase === 'invoke') byCommand.set(entry.commandId, entry)
      if (entry.phase === 'ok' || entry.phase === 'fail') byCommand.delete(entry.commandId)
    }
    return [...byCommand.values()].reverse().slice(0, limit)
  }
}
