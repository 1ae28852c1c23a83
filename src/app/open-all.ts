import { ClosingStack } from './closing-stack.js'

/** What is open, until it is closed. */
export interface Open {
  close(): Promise<void>
}

/**
 * Opens things that are closed together, last first. Where one cannot be opened, those before it are closed again.
 *
 * @throws what opening throws, whatever closing says then
 */
export async function openAll<T extends object>(
  open: (closing: ClosingStack) => Promise<T>,
): Promise<T & Open> {
  const closing = new ClosingStack()
  try {
    const opened = await open(closing)
    return { ...opened, close: () => closing.close() }
  } catch (error) {
    // What went wrong first is what its starter needs to know.
    await closing.close().catch(() => undefined)
    throw error
  }
}
