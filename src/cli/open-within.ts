import { TimedOut } from '../core/errors/index.js'

/**
 * Opens what a command runs on, and waits for it no longer than so many milliseconds, where they are given. What comes too
 * late is closed again.
 *
 * @throws {@link TimedOut}, and whatever `open` rejects with before
 */
export async function openWithin<O extends { close(): Promise<void> }>(
  milliseconds: number | undefined,
  app: string,
  open: () => Promise<O>,
): Promise<O> {
  const opening = open()
  if (milliseconds === undefined) return opening
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new TimedOut(`what ${app} runs on to answer (reprise doctor says what does not)`, milliseconds))
      void opening.then((it) => it.close()).catch(() => undefined)
    }, milliseconds)
  })
  try {
    return await Promise.race([opening, late])
  } finally {
    clearTimeout(timer)
  }
}
