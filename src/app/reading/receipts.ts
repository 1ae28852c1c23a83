import type { GroupReceipt, Receipt } from '../../aggregates/execute-options.js'
import { InvalidValue } from '../../core/errors/index.js'
import type { QueryOptions } from './query-options.js'

type AnyReceipt = Receipt | GroupReceipt

/**
 * The receipts that a query waits for. They travel between processes, so that anything may come for one.
 *
 * @throws {@link InvalidValue} for what is none
 */
export function receiptsOf(since: QueryOptions['since']): readonly AnyReceipt[] {
  if (since === undefined) return []
  const receipts: readonly unknown[] = Array.isArray(since) ? since : [since]
  const violations = receipts.flatMap((receipt, index) =>
    isReceipt(receipt)
      ? []
      : [
          {
            path: Array.isArray(since) ? `since[${index}]` : 'since',
            problem: 'must be a receipt of a command',
          },
        ],
  )
  if (violations.length > 0) throw new InvalidValue('query', violations)
  return receipts as readonly AnyReceipt[]
}

function isReceipt(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return 'streams' in value
    ? Array.isArray(value.streams) && value.streams.every(isStreamVersion)
    : isStreamVersion(value)
}

function isStreamVersion(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'stream' in value &&
    typeof value.stream === 'string' &&
    'version' in value &&
    Number.isSafeInteger(value.version)
  )
}
