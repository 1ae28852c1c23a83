/**
 * Looks something up by its name, once for everybody who asks while another look is under way. Nobody gets the answer of a
 * look that began before he asked.
 */
export class SharedLook<T> {
  readonly #look: (name: string) => Promise<T>
  readonly #underWay = new Map<string, Promise<unknown>>()
  readonly #waiting = new Map<string, Promise<T>>()

  constructor(look: (name: string) => Promise<T>) {
    this.#look = look
  }

  of(name: string): Promise<T> {
    const shared = this.#waiting.get(name)
    if (shared !== undefined) return shared
    const mine = (this.#underWay.get(name) ?? Promise.resolve()).then(() => this.#begin(name))
    this.#waiting.set(name, mine)
    return mine
  }

  #begin(name: string): Promise<T> {
    this.#waiting.delete(name)
    const look = this.#look(name)
    const ended = look
      .catch(() => undefined)
      .then(() => {
        if (this.#underWay.get(name) === ended) this.#underWay.delete(name)
      })
    this.#underWay.set(name, ended)
    return look
  }
}
