import { setTimeout as delay } from 'node:timers/promises'
import { start } from '../../../src/app/start.js'
import { type ReplaceableParts, shippedParts } from '../../../src/app/replaceable-parts.js'
import type { App } from 'reprise'
import { ASSIGNMENT, type Assignment, type Message, type Order } from './assignment.js'
import { Chance } from '../chance.js'
import { Client } from './client.js'
import { chaosApp } from './chaos-app.js'
import { HistoryFile } from './history-file.js'

// One process of a chaos run: a relay, a projection process or a client. It ends with whoever started it.

const assignment = JSON.parse(process.env[ASSIGNMENT] ?? '') as Assignment
const say = (message: Message): void => void process.send?.(message)

async function main(): Promise<void> {
  const { inline, databaseUrl, readDatabaseUrl, brokers, lease, role, name, life, seed } = assignment
  const definition = chaosApp({ inline })
  const app = (await start(
    definition,
    {
      databaseUrl,
      ...(readDatabaseUrl === undefined ? {} : { readDatabaseUrl }),
      ...(brokers === undefined
        ? { log: 'postgres' }
        : { log: 'kafka', kafka: { brokers: brokers.split(',') } }),
      roles: [role],
      provision: true,
      lease,
      poolSize: 6,
      logLevel: 'info',
    },
    await parts(),
  )) as App
  let stopping = false
  process.on('SIGTERM', () => {
    if (stopping) process.exit(1)
    stopping = true
    client?.finish()
    void app.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stop failed: ${String(error)}\n`)
        process.exit(3)
      },
    )
  })
  const client =
    role === 'api'
      ? new Client({
          app,
          databaseUrl,
          history: new HistoryFile(assignment.history, { process: name, life }),
          name,
          life,
          seed,
        })
      : undefined
  process.on('message', (order: Order) => {
    if (order.order === 'mark' && client !== undefined) client.marks = order.marks
    if (order.order === 'finish') client?.finish()
  })
  say({ say: 'ready' })
  void tellHealth(app)
  await client?.work()
  if (client !== undefined) say({ say: 'finished' })
}

/** About once a second, until the process ends. */
async function tellHealth(app: App): Promise<void> {
  for (;;) {
    const { ready, status, components } = await app.health()
    const unwell = components.filter(({ state }) => state !== 'ok')
    const shown = Object.fromEntries(unwell.map(({ name, state }) => [name, state]))
    say({ say: 'health', health: { ready, status, unwell: shown } })
    await delay(1_000)
  }
}

/** What is shipped, or with a fault planted in it. */
async function parts(): Promise<ReplaceableParts> {
  const { planted, name, life, seed } = assignment
  if (planted === undefined) return shippedParts
  const { plantedParts } = await import('../planted.js')
  return plantedParts(planted, Chance.of(seed, `${name} ${life}`).between(0, 2 ** 31))
}

process.on('disconnect', () => process.exit(1))
main().catch((error: unknown) => {
  process.stderr.write(
    `the worker ${assignment.name} failed: ${error instanceof Error ? (error.stack ?? '') : String(error)}\n`,
  )
  process.exit(2)
})
