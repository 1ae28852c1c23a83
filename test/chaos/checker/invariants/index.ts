/** What must hold of every run, one file each. */
import { acknowledged } from './i01-acknowledged.js'
import { dense } from './i02-dense.js'
import { published } from './i03-published.js'
import { ordered } from './i04-ordered.js'
import { onlyCommitted } from './i05-only-committed.js'
import { folded } from './i06-folded.js'
import { once } from './i07-once.js'
import { constant } from './i08-constant.js'
import { forward } from './i09-forward.js'
import { accounted } from './i10-accounted.js'
import { recovered } from './i11-recovered.js'
import { bounded } from './i12-bounded.js'
import type { Invariant } from './invariant.js'

export const INVARIANTS: readonly Invariant[] = [
  acknowledged,
  dense,
  published,
  ordered,
  onlyCommitted,
  folded,
  once,
  constant,
  forward,
  accounted,
  recovered,
  bounded,
]
