/** `projection balances has`, or `effects receipts have`: what takes events from a log, and has done something. */
export function subscriberHas(kind: 'projection' | 'effect', name: string): string {
  return kind === 'effect' ? `effects ${name} have` : `projection ${name} has`
}
