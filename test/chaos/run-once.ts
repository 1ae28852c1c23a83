import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Role } from '../../src/app/roles.js'
import { type Arguments, reproOf } from './arguments.js'
import { dumpFacts } from './dump/dump.js'
import { FactsFolder } from './dump/facts-file.js'
import { FACTS_FORMAT, type RunFacts } from './facts.js'
import { nemesesFor, type Surroundings } from './nemeses/index.js'
import { retryLetters } from './retry-letters.js'
import { Sampler } from './sampling/sampler.js'
import { Schedule } from './schedule.js'
import { LANES, Servers } from './servers/servers.js'
import { Supervisor } from './supervisor.js'
import { Timeline } from './timeline.js'
import { BANK } from './workload/bank-calls.js'

/** A mix of this name has no harm of its own: it puts the read side into another database. */
const SEPARATE = 'separate-databases'
const LEASE = 1_500
const RECOVERY_LIMIT = 60_000
const RSS_LIMIT = 400 * 1024 * 1024
/** Of eight processes with two pools of six and a session that listens each, transactions of clients, and the harness. */
const CONNECTION_LIMIT = 8 * (2 * 6 + 2) + 3 * 3 + 4
/** Milliseconds of load after everything is healed. */
const TAIL = 5_000
const STOP_WITHIN = 20_000

/** It makes the schemas and topics, and opens accounts. */
const FIRST = ['client-1', 'api'] as const
const OTHERS: readonly (readonly [name: string, role: Role])[] = [
  ['client-2', 'api'],
  ['client-3', 'api'],
  ['relay-1', 'relay'],
  ['relay-2', 'relay'],
  ['projections-1', 'projections'],
  ['projections-2', 'projections'],
  ['projections-3', 'projections'],
]
/** Milliseconds after which everybody must have noticed that all is well: what they say of themselves is judged from then on. */
const NOTICE = 2 * LEASE + 7_000
/** One run, from empty servers to facts in a folder. */
export async function runOnce(
  asked: Arguments,
  path: string,
  say: (line: string) => void,
): Promise<RunFacts> {
  const nemeses = chosenNemeses(asked)
  const separate = asked.mix.includes(SEPARATE)
  await mkdir(path, { recursive: true })
  const folder = new FactsFolder(path)
  const timeline = new Timeline(folder.file('timeline.ndjson'))
  timeline.write({ event: 'phase', phase: 'setup' })
  say(`starting Postgres${asked.log === 'kafka' ? ' and Kafka' : ''}`)
  const servers = await Servers.start({ log: asked.log, separate })
  const { seed, planted } = asked
  const repaired = folder.file('repaired')
  const supervisor = new Supervisor({
    folder: path,
    timeline,
    common: { seed, lease: LEASE, inline: !separate, planted },
    servers: (lane) => servers.through(lane),
    repaired,
    lanes: LANES,
  })
  const sampler = new Sampler({
    file: folder.file('samples.ndjson'),
    bank: BANK,
    installed: servers.installed,
    processes: () => supervisor.samples(),
  })
  try {
    await supervisor.start(...FIRST)
    await Promise.all(OTHERS.map(([name, role]) => supervisor.start(name, role)))
    sampler.start()
    await waitUntil(() => sampler.last?.total != null || separate, 60_000, 'the accounts to be open')
    const startedAt = timeline.write({ event: 'phase', phase: 'load' })
    say(`${1 + OTHERS.length} processes are at work, ${asked.seconds} s to go`)
    const { storeDatabase, postgres, kafka, installed } = servers
    const storeId = await servers.storeId()
    const surroundings: Surroundings = {
      supervisor,
      postgres,
      kafka,
      installed,
      timeline,
      lease: LEASE,
      storeDatabase,
      storeId,
    }
    const until = startedAt + asked.seconds * 1_000
    const period: readonly [number, number] = asked.seconds < 120 ? [3_000, 8_000] : [5_000, 20_000]
    const schedule = new Schedule({ seed, nemeses, surroundings, until, period, say })
    await schedule.run()
    if (schedule.idle.length > 0) say(`never struck: ${schedule.idle.join(', ')}`)
    await delay(Math.max(0, until - Date.now()))
    writeFileSync(repaired, '')
    const healedAt = timeline.write({ event: 'phase', phase: 'healed' })
    say('everything is healed')
    await delay(TAIL)
    const retried = `letters of statements are retried: ${await retryLetters(servers, repaired)}`
    timeline.write({ event: 'note', text: retried })
    say(retried)
    const finished = await supervisor.finishClients(RECOVERY_LIMIT)
    const loadEndedAt = timeline.write({ event: 'phase', phase: 'load-ended' })
    if (!finished) timeline.write({ event: 'note', text: 'some clients did not get their last answers' })
    const level = await waitUntil(
      () => sampler.isLevel(loadEndedAt),
      Math.max(1_000, healedAt + RECOVERY_LIMIT - Date.now()),
    )
    const levelAt = level ? timeline.write({ event: 'phase', phase: 'level' }) : null
    say(
      level
        ? `level ${seconds(Date.now() - healedAt)} after healing`
        : `NOT LEVEL IN TIME: ${sampler.behind}`,
    )
    if (level) await delay(NOTICE)
    await sampler.stop()
    const unwilling = await supervisor.stop(STOP_WITHIN)
    if (unwilling.length > 0)
      timeline.write({ event: 'note', text: `did not stop in order: ${unwilling.join(', ')}` })
    for (const text of supervisor.failures)
      timeline.write({ event: 'note', text: `ended by itself: ${text}` })
    timeline.write({ event: 'phase', phase: 'dump' })
    const counts = await dumpFacts(folder, installed, kafka?.direct)
    say(
      Object.entries(counts)
        .map(([name, count]) => `${count} ${name}`)
        .join(', '),
    )
    const endedAt = timeline.write({ event: 'phase', phase: 'end' })
    const facts: RunFacts = {
      format: FACTS_FORMAT,
      log: asked.log,
      seed,
      seconds: asked.seconds,
      mix: nemeses.map(({ name }) => name),
      planted: planted ?? null,
      repro: reproOf(asked),
      commit: commit(),
      versions: await servers.versions(),
      lease: LEASE,
      separateDatabases: separate,
      bank: BANK,
      startedAt,
      faultsFrom: startedAt,
      healedAt,
      loadEndedAt,
      levelAt,
      endedAt,
      recoveryLimit: RECOVERY_LIMIT,
      rssLimit: RSS_LIMIT,
      connectionLimit: CONNECTION_LIMIT,
      injected: schedule.injected,
      skipped: Object.fromEntries(
        Object.entries(schedule.missed).map(([name, count]) => [
          name,
          `${count} times there was nothing to hit`,
        ]),
      ),
    }
    await folder.json('run.json', facts)
    return facts
  } finally {
    await sampler.stop()
    await supervisor.stop(1_000)
    await servers.stop()
  }
}

function chosenNemeses({ mix, log }: Arguments) {
  const all = nemesesFor(log)
  const names = [...all.map(({ name }) => name), 'all', 'none', SEPARATE]
  const stranger = mix.find((it) => !names.includes(it))
  if (stranger !== undefined)
    throw new Error(`there is no nemesis ${stranger}; there are ${names.join(', ')}`)
  const named = all.filter(({ name }) => mix.includes(name))
  if (mix.includes('none')) return []
  return mix.includes('all') || named.length === 0 ? all : named
}

/** Whether the condition came true within so many milliseconds; with `what`, an error if it did not. */
async function waitUntil(condition: () => boolean, within: number, what?: string): Promise<boolean> {
  const until = Date.now() + within
  while (!condition()) {
    if (Date.now() > until && what !== undefined) throw new Error(`waited ${seconds(within)} for ${what}`)
    if (Date.now() > until) return false
    await delay(100)
  }
  return true
}

const seconds = (milliseconds: number): string => `${(milliseconds / 1_000).toFixed(1)} s`

function commit(): string {
  try {
    return execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim()
  } catch {
    return 'unknown'
  }
}
