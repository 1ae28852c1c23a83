import { open } from 'node:fs/promises'

const bytes = 8192

/** The last lines of a server's log, indented, to end an error message with; empty when there is no log. */
export async function logTail(path: string, lines = 12): Promise<string> {
  const file = await open(path).catch(() => undefined)
  if (file === undefined) return ''
  try {
    const { size } = await file.stat()
    const { buffer, bytesRead } = await file.read({
      buffer: Buffer.alloc(bytes),
      position: Math.max(0, size - bytes),
    })
    return lastLines(buffer.subarray(0, bytesRead).toString('utf8'), lines)
  } finally {
    await file.close()
  }
}

/** The last lines of a program's output in the same form. */
export function lastLines(text: string, lines = 12): string {
  if (text.trim() === '') return ''
  const last = text.trimEnd().split('\n').slice(-lines)
  return last.map((line) => `\n  ${line}`).join('')
}
