import { DatabaseError } from 'pg'

export const isDatabaseError = (error: unknown): error is DatabaseError => error instanceof DatabaseError
