import { createWriteStream } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/** The folder that the facts of a run go into. A file that is there under its name is whole. */
export class FactsFolder {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  file(name: string): string {
    return join(this.path, name)
  }

  async json(name: string, facts: object): Promise<void> {
    await writeFile(this.file(`${name}.part`), `${JSON.stringify(facts, undefined, 1)}\n`)
    await rename(this.file(`${name}.part`), this.file(name))
  }

  /** Answers how many lines it has. */
  async lines(name: string, facts: Iterable<object> | AsyncIterable<object>): Promise<number> {
    let count = 0
    const text = async function* (): AsyncIterable<string> {
      for await (const fact of facts) {
        count += 1
        yield `${JSON.stringify(fact)}\n`
      }
    }
    await pipeline(text, createWriteStream(this.file(`${name}.part`)))
    await rename(this.file(`${name}.part`), this.file(name))
    return count
  }
}
