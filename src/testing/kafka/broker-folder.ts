import { randomBytes } from 'node:crypto'
import { access, constants, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { type ProcessIdentity } from '../../app/local-servers/process-identity.js'
import { BrokerUnavailable } from './broker-unavailable.js'

/** The places of one broker: its data and its identity, which outlive it. */
export interface BrokerFolder {
  readonly path: string
  readonly data: string
  readonly log: string
  /** Held by the one process that starts or stops the broker. */
  readonly lock: string
  readonly clusterId: string
}

/** What a broker's starter leaves for the next one on the same folder. */
export interface BrokerRecord {
  readonly starter: ProcessIdentity
  readonly broker: ProcessIdentity
  readonly port: number
}

/** @throws {@link BrokerUnavailable} when the folder cannot be written to */
export async function openBrokerFolder(named: string): Promise<BrokerFolder> {
  const path = resolve(named)
  try {
    await mkdir(path, { recursive: true })
    await access(path, constants.W_OK | constants.X_OK)
    return {
      path,
      data: join(path, 'data'),
      log: join(path, 'server.log'),
      lock: join(path, 'lock'),
      clusterId: await clusterIdOf(path),
    }
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    throw new BrokerUnavailable(
      `the broker's folder ${path} cannot be used (${code ?? message}); make it writable or name another`,
      { folder: path, reason: code ?? message },
      { cause },
    )
  }
}

/** The last broker on this folder, running or not. */
export async function readRecord(folder: BrokerFolder): Promise<BrokerRecord | undefined> {
  try {
    return JSON.parse(await readFile(recordFile(folder), 'utf8')) as BrokerRecord
  } catch {
    return undefined
  }
}

/** Synchronous, so that no kill of this process can come between the broker's start and its record. */
export function writeRecord(folder: BrokerFolder, record: BrokerRecord): void {
  writeFileSync(recordFile(folder), `${JSON.stringify(record)}\n`)
}

function recordFile(folder: BrokerFolder): string {
  return join(folder.path, 'broker.json')
}

async function clusterIdOf(path: string): Promise<string> {
  const file = join(path, 'cluster-id')
  const stored = await readFile(file, 'utf8').catch(() => undefined)
  if (stored !== undefined) return stored.trim()
  const id = newClusterId()
  await writeFile(`${file}.new`, `${id}\n`)
  await rename(`${file}.new`, file)
  return id
}

/** Sixteen random bytes as Kafka writes them; one that begins with a dash would look like an option. */
function newClusterId(): string {
  for (;;) {
    const id = randomBytes(16).toString('base64url')
    if (!id.startsWith('-')) return id
  }
}
