import { isContract } from './contract.js'
import type { ReportFault } from './decorated-method.js'
import type { EventSourceRef } from './event-source.js'

/** What a definition names in `from`, as far as it can be read from. JavaScript may list anything. */
export function listedSources(from: unknown, report: ReportFault): readonly EventSourceRef[] {
  if (!Array.isArray(from) || from.length === 0) {
    report('from must be a list of aggregate classes or contracts, and not empty')
    return []
  }
  const sources = new Set<EventSourceRef>()
  for (const [index, source] of (from as readonly unknown[]).entries()) {
    if (typeof source !== 'function' && !isContract(source)) {
      report(
        `from[${index}] must be an aggregate class or a contract (undefined if its file imports this one)`,
      )
    } else if (sources.has(source as EventSourceRef)) report(`from[${index}] is there twice`)
    else sources.add(source as EventSourceRef)
  }
  return [...sources]
}
