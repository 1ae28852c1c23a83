/** A handler has done its work, but the transaction was gone that keeps others from doing it as well. */
export class TransactionLost extends Error {
  override readonly name = 'TransactionLost'

  /** `idleLimit`: milliseconds after which the server ended it. */
  constructor(idleLimit: number) {
    super(
      `the handler ended, but its transaction was gone: nothing could be done in it for ${idleLimit} ms. What the handler ` +
        'did may be done again; have it wait for what takes long, and not keep its process from doing anything else',
    )
  }
}
