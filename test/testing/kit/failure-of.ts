import { AssertionError } from 'node:assert'

/** The failed assertion that an action must end in. */
export function failureOf(action: () => unknown): AssertionError {
  try {
    action()
  } catch (error) {
    if (error instanceof AssertionError) return error
    throw error
  }
  throw new Error('nothing failed')
}

export const messageOf = (action: () => unknown): string => failureOf(action).message
