import { type FileHandle, open } from 'node:fs/promises'
import { type BankTransaction, bankTransactionOf, COLUMNS, UnreadableValue } from './bank-transaction.js'
import { LineTooLong, linesOf } from './lines.js'

/** A transaction with its place in the file. */
export interface PlacedTransaction extends BankTransaction {
  /** From 1 on; the header is line 1. */
  readonly line: number
  /** How many of the file's bytes it is. */
  readonly bytes: number
}

/** A file that is not there or may not be read. */
export class UnreadableFile extends Error {}

/** A line that is not one of the format's. */
export class MalformedLine extends Error {
  readonly line: number
  /** Not where nothing after it can be trusted to be a line of the format. */
  readonly canBeLeftOut: boolean

  constructor(path: string, line: number, problem: string, canBeLeftOut: boolean) {
    super(`line ${line} of ${path} is malformed: ${problem}`)
    this.line = line
    this.canBeLeftOut = canBeLeftOut
  }
}

const HEADER = COLUMNS.join(';')

/** The bank's file, open. It is read as a stream: its size does not matter. */
export class BankFile {
  readonly path: string
  /** Bytes. */
  readonly size: number
  readonly #handle: FileHandle

  private constructor(path: string, size: number, handle: FileHandle) {
    this.path = path
    this.size = size
    this.#handle = handle
  }

  /** @throws {@link UnreadableFile} */
  static async open(path: string): Promise<BankFile> {
    let handle: FileHandle | undefined
    try {
      handle = await open(path, 'r')
      const stats = await handle.stat()
      if (stats.isDirectory()) throw new UnreadableFile('it is a folder')
      return new BankFile(path, stats.size, handle)
    } catch (error) {
      await handle?.close()
      throw new UnreadableFile(
        `the file ${path} cannot be read: ${reasonOf(error)}; check what --data says`,
        {
          cause: error,
        },
      )
    }
  }

  /**
   * Its transactions in order. A line that is not one goes to `onMalformed`, if that is given, and the next one comes.
   *
   * @throws {@link MalformedLine} at the first line that is none of the format's; with `onMalformed` only for a first one
   * that is not the header, and for one too long to be a line at all
   */
  async *transactions(
    onMalformed: (line: MalformedLine) => void = (line) => {
      throw line
    },
  ): AsyncGenerator<PlacedTransaction> {
    let isEmpty = true
    try {
      for await (const { number, text, bytes } of linesOf(this.#chunks())) {
        isEmpty = false
        if (number === 1) this.#requireHeader(text)
        else if (text !== '') {
          const read = this.#transaction(number, text)
          if (read instanceof MalformedLine) onMalformed(read)
          else yield { ...read, line: number, bytes }
        }
      }
    } catch (error) {
      if (error instanceof LineTooLong) throw new MalformedLine(this.path, error.line, error.message, false)
      throw error
    }
    if (isEmpty) this.#requireHeader('')
  }

  close(): Promise<void> {
    return this.#handle.close()
  }

  #chunks(): AsyncIterable<Buffer> {
    return this.#handle.createReadStream({ autoClose: false })
  }

  #requireHeader(text: string): void {
    if (text !== HEADER) throw new MalformedLine(this.path, 1, `the first line must be ${HEADER}`, false)
  }

  #transaction(line: number, text: string): BankTransaction | MalformedLine {
    try {
      return bankTransactionOf(text)
    } catch (error) {
      if (error instanceof UnreadableValue) return new MalformedLine(this.path, line, error.message, true)
      throw error
    }
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  ENOTDIR: 'a part of its path is not a folder',
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException
  return REASONS[code ?? ''] ?? message
}
