import type { Session } from './session.js'
import { noTransaction } from './caller-session.js'

const NO_ACTIVE_TRANSACTION = '25P01'

/** Work inside the transactions of callers that is undone by itself where it is not to be kept. */
export class Savepoints {
  /** The end of the last work in each transaction: savepoints of works side by side would undo one another. */
  readonly #last = new WeakMap<object, Promise<unknown>>()

  /**
   * Runs `work` after all work begun before in the same transaction. What it wrote stays if it resolves with something to
   * keep; else, also when it rejects, all of it is undone and the transaction goes on to be usable.
   *
   * @throws {@link InvalidValue} when the session is not inside a transaction
   */
  run<T>(tx: object, session: Session, work: () => Promise<T>, keep: (result: T) => boolean): Promise<T> {
    const run = () => inSavepoint(session, work, keep)
    const mine = (this.#last.get(tx) ?? Promise.resolve()).then(run, run)
    this.#last.set(tx, mine)
    return mine
  }
}

async function inSavepoint<T>(
  session: Session,
  work: () => Promise<T>,
  keep: (result: T) => boolean,
): Promise<T> {
  await begin(session)
  try {
    const result = await work()
    if (!keep(result)) await session.command(UNDO)
    await session.command(RELEASE)
    return result
  } catch (error) {
    await undo(session)
    throw error
  }
}

async function begin(session: Session): Promise<void> {
  try {
    await session.command('SAVEPOINT reprise_append')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === NO_ACTIVE_TRANSACTION)
      throw noTransaction()
    throw error
  }
}

/** On a connection that is lost the transaction is gone with it, and what broke it is what the caller must hear of. */
async function undo(session: Session): Promise<void> {
  try {
    await session.command(UNDO)
    await session.command(RELEASE)
  } catch {
    return
  }
}

const UNDO = 'ROLLBACK TO SAVEPOINT reprise_append'
const RELEASE = 'RELEASE SAVEPOINT reprise_append'
