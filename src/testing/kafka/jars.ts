import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { cacheFolder } from '../../app/local-servers/cache-folder.js'
import { installOnce } from '../../app/local-servers/install-once.js'
import { lastLines } from '../../app/local-servers/log-tail.js'
import { BrokerUnavailable } from './broker-unavailable.js'
import { runTool } from './run-tool.js'

export const kafkaVersion = '4.1.1'
/** The version of log4j that this broker brings; the binding has to be of the same. */
const log4jVersion = '2.24.3'

/** Where the broker's jars are kept between runs. */
export function defaultJarsFolder(): string {
  return join(cacheFolder(), `kafka-${kafkaVersion}`)
}

export function jarsInstalled(folder = defaultJarsFolder()): boolean {
  return existsSync(folder)
}

/**
 * Fetches the broker's jars with Maven unless they are there; no process ever sees half of them.
 *
 * @throws {@link BrokerUnavailable} with the end of Maven's output
 */
export async function installJars(folder = defaultJarsFolder()): Promise<string> {
  if (jarsInstalled(folder)) return folder
  const project = await mkdtemp(join(tmpdir(), 'reprise-kafka-'))
  try {
    await writeFile(join(project, 'pom.xml'), pom())
    await installOnce(folder, (unfinished) => resolveJars(join(project, 'pom.xml'), unfinished, folder))
  } finally {
    await rm(project, { recursive: true, force: true })
  }
  return folder
}

async function resolveJars(pomFile: string, into: string, folder: string): Promise<void> {
  await mkdir(into)
  const { code, output } = await runTool('mvn', [
    '-q',
    '-B',
    '-f',
    pomFile,
    'dependency:copy-dependencies',
    `-DoutputDirectory=${into}`,
    '-DincludeScope=runtime',
  ])
  if (code === 0) return
  throw new BrokerUnavailable(
    `the jars of Kafka ${kafkaVersion} could not be fetched into ${folder}; ` +
      `check Maven's access to its repository, or set KAFKA_BROKERS to a running broker${lastLines(output)}`,
    { folder, version: kafkaVersion },
  )
}

function pom(): string {
  const dependency = (group: string, artifact: string, version: string) =>
    `    <dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`
  return [
    '<project xmlns="http://maven.apache.org/POM/4.0.0">',
    '  <modelVersion>4.0.0</modelVersion>',
    '  <groupId>reprise</groupId><artifactId>local-kafka</artifactId><version>1</version><packaging>pom</packaging>',
    '  <dependencies>',
    dependency('org.apache.kafka', 'kafka_2.13', kafkaVersion),
    // Without a binding the broker's log stays empty.
    dependency('org.apache.logging.log4j', 'log4j-slf4j-impl', log4jVersion),
    '  </dependencies>',
    '</project>',
    '',
  ].join('\n')
}
