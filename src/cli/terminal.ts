import { styleText } from 'node:util'
import { escaped } from './printable.js'

export interface TerminalOptions {
  readonly json: boolean
  readonly plain: boolean
  readonly quiet: boolean
  readonly verbose: boolean
  readonly color: boolean
}

/** A stream to write to, such as `process.stderr`. */
export type Output = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>

export type Style = 'red' | 'yellow'

/**
 * Where a command writes: its result on standard output, everything else on standard error. With `--json` the result is
 * one document, and every line of standard error is one.
 */
export class Terminal {
  readonly options: TerminalOptions
  readonly stderr: Output
  readonly #stdout: Output

  constructor(options: TerminalOptions, stdout: Output = process.stdout, stderr: Output = process.stderr) {
    this.options = options
    this.#stdout = stdout
    this.stderr = stderr
  }

  /** Gives the result, once: as a document, or as the text that it is rendered to. */
  answer(document: object, render: () => string): void {
    this.#stdout.write(`${this.options.json ? toJson(document, 2) : render()}\n`)
  }

  /** Gives one of many results: a line with a document, or the text that it is rendered to. */
  answerNext(document: object, render: () => string): void {
    this.#stdout.write(`${this.options.json ? toJson(document) : render()}\n`)
  }

  /** Gives one of many results that are documents whatever was asked for. Resolves when it was taken. */
  answerDocument(document: object): Promise<void> {
    return new Promise((resolve) => {
      this.#stdout.write(`${toJson(document)}\n`, () => resolve())
    })
  }

  /** Says what a person should know meanwhile; a program is told the same as `document`. */
  tell(document: object, text: string): void {
    if (!this.options.quiet) this.complain(document, text)
  }

  /** As {@link tell}, also with `--quiet`: for what went wrong. */
  complain(document: object, text: string): void {
    this.stderr.write(`${this.options.json ? toJson(document) : text}\n`)
  }

  /** Text for standard error, styled where that is a terminal which shows colours. */
  styled(style: Style, text: string): string {
    const { color, json } = this.options
    return color && !json ? styleText(style, text, { stream: process.stderr }) : text
  }
}

/**
 * JSON in which a bigint that a number would cut short is text, and what is undefined is null. What could move a cursor or
 * turn text around is escaped.
 */
function toJson(document: object, indentation?: number): string {
  const json = JSON.stringify(
    document,
    (_name, value: unknown) => {
      if (typeof value !== 'bigint') return value === undefined ? null : value
      return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString()
    },
    indentation,
  )
  return json.replaceAll(/[\u007F-\u009F\u2028\u2029\p{Cf}]/gu, escaped)
}
