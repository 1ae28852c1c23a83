import { inject } from 'vitest'

/** The address of one of the run's servers, which is started if nobody asked for it before. */
export async function partAddress(path: '/kafka' | `/postgres/${15 | 18}`): Promise<string> {
  const response = await fetch(inject('partsUrl') + path)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return text
}
