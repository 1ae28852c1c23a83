import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, existsSync, openSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { installOnce } from '../../app/local-servers/install-once.js'
import { lastLines } from '../../app/local-servers/log-tail.js'
import { type BrokerFolder } from './broker-folder.js'
import { asProperties } from './broker-settings.js'
import { BrokerUnavailable } from './broker-unavailable.js'
import { javaProgram } from './java.js'
import { runTool } from './run-tool.js'

/** Prepares the data folder for its cluster id unless that was done; it appears formatted or not at all. */
export async function formatOnce(
  folder: BrokerFolder,
  jars: string,
  settings: Readonly<Record<string, string>>,
): Promise<void> {
  if (existsSync(folder.data)) return
  const properties = join(folder.path, 'format.properties')
  await installOnce(folder.data, async (unfinished) => {
    await mkdir(unfinished)
    await writeFile(properties, asProperties({ ...settings, 'log.dirs': unfinished }))
    const { code, output } = await runTool(javaProgram(), [
      ...['-cp', join(jars, '*'), 'kafka.tools.StorageTool'],
      ...['format', '-t', folder.clusterId, '-c', properties],
    ])
    if (code === 0) return
    throw new BrokerUnavailable(
      `the broker's data folder ${folder.data} could not be prepared${lastLines(output)}`,
      { folder: folder.data },
    )
  })
}

/**
 * Starts the broker's process. It gets a process group of its own, so that Ctrl-C reaches only us and we can
 * stop it in order; it does not keep us running.
 */
export async function spawnBroker(
  folder: BrokerFolder,
  jars: string,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  const properties = join(folder.path, 'server.properties')
  const logging = join(folder.path, 'log4j2.properties')
  await writeFile(properties, asProperties(settings))
  await writeFile(logging, logToStdout)
  const log = openSync(folder.log, 'w')
  try {
    const memory = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
    const broker = spawn(
      javaProgram(),
      [...memory, `-Dlog4j2.configurationFile=${logging}`, '-cp', join(jars, '*'), 'kafka.Kafka', properties],
      { cwd: folder.path, stdio: ['ignore', log, log], detached: true, windowsHide: true },
    )
    broker.unref()
    return broker
  } finally {
    closeSync(log)
  }
}

const logToStdout = asProperties({
  'appender.stdout.type': 'Console',
  'appender.stdout.name': 'stdout',
  'appender.stdout.layout.type': 'PatternLayout',
  'appender.stdout.layout.pattern': '%d{ISO8601} %p %m (%c{1})%n',
  'rootLogger.level': 'WARN',
  'rootLogger.appenderRef.stdout.ref': 'stdout',
  'logger.server.name': 'kafka.server',
  'logger.server.level': 'INFO',
})
