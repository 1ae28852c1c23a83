import { type Admin, Kafka, logLevel } from 'kafkajs'

/** Whether the broker of this cluster is registered and serves; false while it starts. */
export async function brokerAnswers(address: string, clusterId: string): Promise<boolean> {
  const admin = adminOf(address)
  try {
    await admin.connect()
    const cluster = await admin.describeCluster()
    return cluster.clusterId === clusterId && cluster.brokers.length === 1
  } catch {
    return false
  } finally {
    await admin.disconnect().catch(() => undefined)
  }
}

/** One attempt, without a word: the caller asks again until its own deadline. */
function adminOf(address: string): Admin {
  return new Kafka({
    brokers: [address],
    clientId: 'reprise-readiness',
    logLevel: logLevel.NOTHING,
    connectionTimeout: 1_000,
    requestTimeout: 2_000,
    retry: { retries: 0 },
  }).admin()
}
