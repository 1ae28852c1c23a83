import { foreignEvents, jsonEncoding } from '../../contracts/index.js'
import type { Contract, ContractGuard } from '../../core/contract.js'
import { streamIdProblem } from '../../core/stream.js'
import type { Log, LogRecord } from '../../log/index.js'
import {
  type ClaimedRecord,
  digestOf,
  type TopicEvent,
  type TopicGuard,
  type TopicRules,
} from '../../subscriptions/index.js'

/** The rules by which a topic of this log is read that a contract is about. */
export function contractRules(contract: Contract, { gaps }: Pick<Log, 'gaps'>): TopicRules {
  const types = new Set(contract.events.map(({ type }) => type))
  const requireKnown = ({ type }: TopicEvent): void => {
    if (types.has(type)) return
    throw new Error(
      `the contract ${contract.name} has no event ${JSON.stringify(type)}: take its present release, or have its read pass such records by`,
    )
  }
  return contract.guard === 'versions'
    ? numberedRules(contract, gaps, requireKnown)
    : unnumberedRules(contract, contract.guard, requireKnown)
}

/** The topic of another app of ours. */
function numberedRules(
  { name }: Contract,
  gaps: boolean,
  requireKnown: (event: TopicEvent) => void,
): TopicRules {
  // Nothing is written here, so it does not matter who would write it.
  const encoding = jsonEncoding({ service: '', storeId: '' })
  return {
    guard: { kind: 'versions', missing: 'awaited' },
    gaps,
    read: (record) => encoding.decode(record),
    check: (_record, event) => {
      if (event.stream.type !== name)
        throw new Error(`it is about ${JSON.stringify(event.stream.type)}, and the contract about ${name}`)
      requireKnown(event)
    },
    claimed: (record) => {
      const claimed = encoding.claimed(record)
      return claimed?.stream.type === name ? claimed : undefined
    },
    proofOf: (record) => encoding.decode(record).eventId,
  }
}

function unnumberedRules(
  contract: Contract,
  guard: Exclude<ContractGuard, 'versions'>,
  requireKnown: (event: TopicEvent) => void,
): TopicRules {
  return {
    guard: unnumberedGuard(guard),
    read: foreignEvents(contract),
    check: (_record, event) => requireKnown(event),
    claimed: (record) => keyedBy(contract, record),
    proofOf: digestOf,
  }
}

const unnumberedGuard = (guard: Exclude<ContractGuard, 'versions'>): TopicGuard =>
  guard === 'offsets' ? { kind: 'offsets' } : { kind: 'eventIds', window: guard.eventIds }

/** What is made of a key where the event says no subject. */
function keyedBy({ name }: Contract, { key }: LogRecord): ClaimedRecord | undefined {
  const isTold = key !== '' && !key.includes('\uFFFD') && streamIdProblem(key) === undefined
  return isTold ? { stream: { type: name, id: key } } : undefined
}
