import { type ChildProcess } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { exclusively } from '../../app/local-servers/exclusively.js'
import { logTail } from '../../app/local-servers/log-tail.js'
import { freePort, isPortFree } from '../../app/local-servers/ports.js'
import { identityOf, isRunning } from '../../app/local-servers/process-identity.js'
import { brokerAnswers } from './broker-answers.js'
import { type BrokerFolder, openBrokerFolder, readRecord, writeRecord } from './broker-folder.js'
import { formatOnce, spawnBroker } from './broker-process.js'
import { brokerSettings } from './broker-settings.js'
import { BrokerUnavailable } from './broker-unavailable.js'
import { installJars, jarsInstalled, kafkaVersion } from './jars.js'

export interface BrokerOptions {
  /** Where data and cluster id are kept; the same folder again gives the same broker. */
  readonly folder: string
  /** @defaultValue the folder's last port if it is free, else any free one */
  readonly port?: number
  /** Broker properties on top of ours. */
  readonly settings?: Readonly<Record<string, string>>
  /** Where the jars are, or go to. @defaultValue a folder of the user's cache, by version */
  readonly jarsFolder?: string
  /** Told what takes long, one line at a time. */
  readonly notice?: (line: string) => void
}

/** A running single-node broker without authentication on the loopback interface. */
export interface Broker {
  /** As KAFKA_BROKERS takes it. */
  readonly brokers: string
  readonly clusterId: string
  /** Settles when the broker's process is gone, for whatever reason. */
  readonly exited: Promise<void>
  /** Stops it in order. */
  stop(): Promise<void>
  /** Stops it as a power cut would. */
  kill(): Promise<void>
}

const readyWithin = 60_000
const stopWithin = 30_000
/** Fetching the jars may take minutes the first time; it happens before the lock is taken. */
const lockWithin = readyWithin + stopWithin

/**
 * Starts a broker on a folder; when this returns, it serves. It ends with the process that started it. If
 * that was killed, the broker is left behind until the next start on the folder, which stops it first.
 *
 * @throws {@link BrokerUnavailable} when the folder's broker is in use by a living process, the port is in
 * use, the jars cannot be fetched, or the broker does not come up
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  if (!jarsInstalled(options.jarsFolder)) {
    options.notice?.(`fetching Kafka ${kafkaVersion} with Maven (45 MB, once)`)
  }
  const jars = await installJars(options.jarsFolder)
  const folder = await openBrokerFolder(options.folder)
  return exclusively(folder.lock, lockWithin, async () => {
    await stopLeftover(folder)
    const port = await choosePort(folder, options.port)
    const place = { port, controllerPort: await freePort(), logFolder: folder.data }
    const settings = { ...brokerSettings(place), ...options.settings }
    await formatOnce(folder, jars, settings)
    return serve(folder, port, await spawnBroker(folder, jars, settings))
  })
}

async function serve(folder: BrokerFolder, port: number, child: ChildProcess): Promise<Broker> {
  const exited = exitOf(child)
  record(folder, port, child)
  const endWithUs = () => child.kill('SIGTERM')
  process.once('exit', endWithUs)
  void exited.then(() => process.off('exit', endWithUs))

  const brokers = `127.0.0.1:${port}`
  await untilReady(folder, brokers, child, exited)
  return {
    brokers,
    clusterId: folder.clusterId,
    exited: exited.then(() => undefined),
    stop: () => end(child, exited, 'SIGTERM'),
    kill: () => end(child, exited, 'SIGKILL'),
  }
}

function record(folder: BrokerFolder, port: number, child: ChildProcess): void {
  const [starter, broker] = [identityOf(process.pid), identityOf(child.pid ?? 0)]
  if (starter !== undefined && broker !== undefined) writeRecord(folder, { starter, broker, port })
}

async function untilReady(
  folder: BrokerFolder,
  brokers: string,
  child: ChildProcess,
  exited: Promise<string>,
): Promise<void> {
  const until = Date.now() + readyWithin
  while (!(await brokerAnswers(brokers, folder.clusterId))) {
    const reason = await Promise.race([exited, delay(100)])
    if (reason === undefined && Date.now() < until) continue
    await end(child, exited, 'SIGKILL')
    throw new BrokerUnavailable(
      `the broker on ${folder.path} ${reason ?? `does not answer after ${readyWithin / 1000} s`}; ` +
        `its log is ${folder.log}${await logTail(folder.log)}`,
      { folder: folder.path, log: folder.log },
    )
  }
}

async function choosePort(folder: BrokerFolder, wanted: number | undefined): Promise<number> {
  if (wanted !== undefined) {
    if (await isPortFree(wanted)) return wanted
    throw new BrokerUnavailable(
      `port ${wanted} on 127.0.0.1 is in use; stop what listens there, or name another port`,
      { port: wanted },
    )
  }
  const last = (await readRecord(folder))?.port
  return last !== undefined && (await isPortFree(last)) ? last : freePort()
}

/** Stops a broker whose starter was killed. */
async function stopLeftover(folder: BrokerFolder): Promise<void> {
  const last = await readRecord(folder)
  if (last === undefined || !isRunning(last.broker)) return
  const pid = Number.parseInt(last.broker, 10)
  if (isRunning(last.starter)) {
    throw new BrokerUnavailable(
      `a broker already runs on ${folder.path} at 127.0.0.1:${last.port} (pid ${pid}); use it, or stop it first`,
      { folder: folder.path, port: last.port, pid },
    )
  }
  const until = Date.now() + stopWithin
  signal(pid, 'SIGTERM')
  while (isRunning(last.broker)) {
    if (Date.now() > until) signal(pid, 'SIGKILL')
    await delay(50)
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`could not be run (${error.message})`))
    child.once('exit', (code, signal) => resolve(`stopped at once (${signal ?? `exit code ${code ?? '?'}`})`))
  })
}

async function end(child: ChildProcess, exited: Promise<string>, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal)
  // Nothing else may keep us running, and an order to stop has to be seen through.
  const patience = setTimeout(() => child.kill('SIGKILL'), stopWithin)
  await exited
  clearTimeout(patience)
}
