/** A pause that a wake-up call ends. A call that comes while there is none ends the next one at once. */
export class Waking {
  readonly #ending: AbortSignal
  #woken = false
  #resume: (() => void) | undefined

  /** Once the signal is aborted there are no pauses any more. */
  constructor(ending: AbortSignal) {
    this.#ending = ending
  }

  wake(): void {
    this.#woken = true
    this.#resume?.()
  }

  /** Resolves when it is woken, and after so many milliseconds anyway. */
  async rest(milliseconds: number): Promise<void> {
    if (!this.#woken && !this.#ending.aborted) await this.#pause(milliseconds)
    this.#woken = false
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        clearTimeout(timer)
        this.#ending.removeEventListener('abort', resume)
        this.#resume = undefined
        resolve()
      }
      const timer = setTimeout(resume, milliseconds)
      this.#ending.addEventListener('abort', resume)
      this.#resume = resume
    })
  }
}
