export const SASL_MECHANISMS = ['plain', 'scram-sha-256', 'scram-sha-512'] as const
/** How brokers check a user and a password. */
export type SaslMechanism = (typeof SASL_MECHANISMS)[number]

/** How to reach a Kafka cluster. */
export interface KafkaSettings {
  /** `host:port` of brokers to begin with; the others are learned from them. */
  readonly brokers: readonly string[]
  /** How this process is named in the brokers' logs and quotas. */
  readonly clientId: string
  /** Encrypt, and verify the brokers' certificates: by the system's authorities, or by `ca` (PEM). @defaultValue false */
  readonly ssl?: boolean | { readonly ca: string }
  /** Whom the process logs in as. With `plain` the password itself goes to the brokers: only over `ssl`. @defaultValue nobody */
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string }
}

/** The cluster's name in errors and logs: where it is, never how it is opened. */
export const clusterName = ({ brokers }: KafkaSettings): string => `kafka at ${brokers.join(', ')}`
