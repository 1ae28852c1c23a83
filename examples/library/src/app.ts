import { defineApp } from 'reprise'
import { Copy } from './copy/copy.js'
import { Member } from './member/member.js'
import { DueDates } from './read-models/due-dates.js'
import { Lendings } from './read-models/lendings.js'
import { Shelf } from './read-models/shelf.js'

/** The library: what `main.ts` runs and the command line loads. */
export default defineApp({
  name: 'library',
  schemaPrefix: 'library',
  aggregates: [Copy, Member],
  projections: [Shelf, DueDates, Lendings],
})
