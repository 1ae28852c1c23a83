import { LogUnavailable, RepriseError } from '../core/errors/index.js'
import { clusterName, type KafkaSettings } from './settings.js'

/** The broker's name for what went wrong, such as `UNKNOWN_TOPIC_OR_PARTITION`, under however many retries it lies. */
export function brokerErrorOf(error: unknown): string | undefined {
  for (const cause of causesOf(error)) {
    if ('type' in cause && typeof cause.type === 'string') return cause.type
  }
  return undefined
}

/** The error as this framework says it: its own as they are, whatever the client threw as a {@link LogUnavailable}. */
export function asRepriseError(settings: KafkaSettings, error: unknown): RepriseError {
  if (RepriseError.is(error)) return error
  return new LogUnavailable(clusterName(settings), reasonOf(settings, causesOf(error)), error)
}

function reasonOf({ sasl }: KafkaSettings, causes: readonly Error[]): string {
  if (causes.some(({ name }) => name === 'KafkaJSSASLAuthenticationError')) {
    return `it refused the ${sasl?.mechanism ?? 'SASL'} credentials of ${sasl?.username ?? 'this client'}; check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`
  }
  // The client swallows a failed metadata request and then trips over its missing answer.
  if (causes.some(({ name }) => name === 'TypeError')) return 'no broker answered'
  return causes.at(-1)?.message ?? 'it failed without a reason'
}

/** The error and what caused it, outermost first. */
function causesOf(error: unknown): readonly Error[] {
  const causes: Error[] = []
  let next = error
  while (next instanceof Error && !causes.includes(next)) {
    causes.push(next)
    next = 'errors' in next && Array.isArray(next.errors) ? (next.errors as unknown[])[0] : next.cause
  }
  return causes
}
