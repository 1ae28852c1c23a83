/** Something to wait at until the test opens it. */
export class Gate {
  readonly opened: Promise<undefined>
  #open!: (value: undefined) => void

  constructor() {
    this.opened = new Promise((resolve) => (this.#open = resolve))
  }

  open(): void {
    this.#open(undefined)
  }
}
