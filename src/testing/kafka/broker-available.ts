import { javaVersion, oldestJava } from './java.js'
import { jarsInstalled } from './jars.js'
import { runTool } from './run-tool.js'

export type BrokerAvailability =
  { readonly available: true } | { readonly available: false; readonly reason: string }

/** Whether a local broker can run here: Java, and Maven unless the jars were fetched before. */
export async function brokerAvailable(): Promise<BrokerAvailability> {
  const java = await javaVersion()
  if (java === undefined) return unavailable(`Java is missing (${oldestJava} or newer)`)
  if (java < oldestJava) return unavailable(`Java ${java} is too old (${oldestJava} or newer)`)
  if (jarsInstalled()) return { available: true }
  const maven = await runTool('mvn', ['-v'], 30_000)
  return maven.code === 0 ? { available: true } : unavailable('Maven is missing (the command mvn)')
}

function unavailable(reason: string): BrokerAvailability {
  return { available: false, reason }
}
