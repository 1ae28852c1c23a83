import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Role } from '../../src/app/roles.js'
import type { ProcessSample } from './facts.js'
import type { Timeline } from './timeline.js'
import {
  ASSIGNMENT,
  type Assignment,
  type Message,
  type Order,
  type ShownHealth,
} from './workload/assignment.js'

/** What the processes of a run have in common. */
export type CommonAssignment = Omit<
  Assignment,
  'name' | 'role' | 'life' | 'databaseUrl' | 'readDatabaseUrl' | 'brokers' | 'history' | 'effects'
>

export interface SupervisorOptions {
  readonly folder: string
  readonly timeline: Timeline
  readonly common: CommonAssignment
  /** The servers by way of one of the lanes through the proxies. */
  readonly servers: (lane: number) => Pick<Assignment, 'databaseUrl' | 'readDatabaseUrl' | 'brokers'>
  /** For handlers that fail until this file exists. */
  readonly repaired: string
  /** Lanes through the proxies. */
  readonly lanes: number
}

/** `workload/worker`, as the compiled tree has it to be started often, */
const shippedWorker = fileURLToPath(new URL('../../programs/chaos-worker.js', import.meta.url))
/** and module by module: planted parts replace some of them. */
const plantedWorker = fileURLToPath(new URL('./workload/worker.js', import.meta.url))
/** Milliseconds before the dead are replaced. */
const RESTART_AFTER = 300
/** Milliseconds after which what a process said of itself is old. */
const HEALTH_VALID = 2_500

/** Starts the processes of a run, and starts the dead again, until {@link stop}. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #workers: Worker[] = []
  #marks: readonly string[] = []
  #ended = false
  /** Processes that ended by themselves, and so for no reason that a run has given them. */
  readonly failures: string[] = []

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  get workers(): readonly Worker[] {
    return this.#workers
  }

  get clients(): readonly Worker[] {
    return this.#workers.filter(({ role }) => role === 'api')
  }

  /** Resolves when it is ready to work; rejects when it ended before: a run has to begin with all of them. */
  async start(name: string, role: Role): Promise<void> {
    const member = new Worker(name, role, this.#workers.length % this.#options.lanes)
    this.#workers.push(member)
    if (await this.#spawn(member)) return
    const log = readFileSync(join(this.#options.folder, `${name}.log`), 'utf8')
    throw new Error(`${name} did not start: ${log.slice(-2_000)}`)
  }

  /** Some notes of all clients, the ones to come too, carry one of these marks. */
  mark(marks: readonly string[]): void {
    this.#marks = marks
    this.clients.forEach((client) => client.tell({ order: 'mark', marks }))
  }

  /** Clients finish what is under way, however long it takes. */
  async finishClients(within: number): Promise<boolean> {
    const until = Date.now() + within
    while (Date.now() < until) {
      this.clients.forEach((client) => client.tell({ order: 'finish' }))
      if (this.clients.every(({ finished }) => finished)) return true
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    return false
  }

  /** Ends all in order; answers the names of those that did not end so. */
  async stop(within: number): Promise<readonly string[]> {
    this.#ended = true
    const left = await Promise.all(this.#workers.map((it) => it.end(within)))
    return left.filter((name) => name !== undefined)
  }

  samples(): readonly ProcessSample[] {
    return this.#workers.map((it) => it.sample())
  }

  /** Answers whether it became ready. */
  async #spawn(member: Worker): Promise<boolean> {
    const { folder, timeline, common, servers, repaired } = this.#options
    const { name, role } = member
    const life = member.life + 1
    const history = join(folder, `history-${name}.ndjson`)
    const effects = join(folder, `effects-${name}.ndjson`)
    const assignment: Assignment = { ...common, ...servers(member.lane), name, role, life, history, effects }
    const output = openSync(join(folder, `${name}.log`), 'a')
    const child = spawn(process.execPath, [common.planted === undefined ? shippedWorker : plantedWorker], {
      env: {
        ...process.env,
        [ASSIGNMENT]: JSON.stringify(assignment),
        CHAOS_REPAIRED: repaired,
        NODE_ENV: '',
      },
      stdio: ['ignore', output, output, 'ipc'],
    })
    closeSync(output)
    const pid = child.pid ?? 0
    const ready = member.began(child, life)
    timeline.write({ event: 'process-start', process: name, role, life, pid })
    child.once('exit', (code, signal) => {
      const how = signal ?? `code ${code ?? '?'}`
      timeline.write({ event: 'process-exit', process: name, role, life, pid, how })
      if (!this.#ended && signal === null && code !== 0) this.failures.push(`${name} life ${life}: ${how}`)
      if (!this.#ended) setTimeout(() => void this.#revive(member), RESTART_AFTER)
    })
    if (!(await ready)) return false
    timeline.write({ event: 'process-ready', process: name, role, life, pid })
    member.tell({ order: 'mark', marks: this.#marks })
    return true
  }

  async #revive(member: Worker): Promise<void> {
    if (!this.#ended) await this.#spawn(member)
  }
}

/** A process of a run, in all its lives. */
export class Worker {
  readonly name: string
  readonly role: Role
  readonly lane: number
  life = 0
  finished = false
  ready = false
  paused = false
  #child: ChildProcess | undefined
  #health: { readonly at: number; readonly told: ShownHealth } | undefined

  constructor(name: string, role: Role, lane: number) {
    this.name = name
    this.role = role
    this.lane = lane
  }

  /** Resolves when it is ready (true) or has ended before (false). */
  began(child: ChildProcess, life: number): Promise<boolean> {
    this.#child = child
    this.life = life
    this.ready = false
    this.paused = false
    this.finished = this.role !== 'api'
    this.#health = undefined
    return new Promise((resolve) => {
      child.on('message', (message: Message) => {
        if (message.say === 'finished') this.finished = true
        if (message.say === 'health') this.#health = { at: Date.now(), told: message.health }
        if (message.say === 'ready') {
          this.ready = true
          resolve(true)
        }
      })
      child.once('exit', () => {
        this.ready = false
        this.paused = false
        resolve(false)
      })
    })
  }

  get alive(): boolean {
    return this.#child?.exitCode === null && this.#child.signalCode === null
  }

  tell(order: Order): void {
    if (this.alive && this.#child?.connected === true) this.#child.send(order, () => undefined)
  }

  signal(name: NodeJS.Signals): boolean {
    if (!this.alive) return false
    if (name === 'SIGSTOP') this.paused = true
    if (name === 'SIGCONT') this.paused = false
    return this.#child?.kill(name) ?? false
  }

  /** Ends it in order, or by force; answers its name where it took force or ended otherwise. */
  async end(within: number): Promise<string | undefined> {
    const child = this.#child
    if (child === undefined || !this.alive) return undefined
    const exited = once(child, 'exit')
    child.kill('SIGCONT')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), within)
    const [code] = (await exited) as [number | null]
    clearTimeout(force)
    return code === 0 ? undefined : `${this.name} (${child.signalCode ?? `code ${code ?? '?'}`})`
  }

  sample(): ProcessSample {
    const pid = this.#child?.pid ?? 0
    const state = !this.alive ? 'dead' : this.paused ? 'paused' : 'running'
    const rss = this.alive ? rssOf(pid) : 0
    const own = { name: this.name, life: this.life, pid, state, rss } as const
    const health = this.#health
    // What it said before it fell silent is no answer.
    if (health === undefined || Date.now() - health.at > HEALTH_VALID) return { ...own, ready: null }
    return { ...own, ready: health.told.ready, health: health.told }
  }
}

/** Where there is no /proc, nothing is known. */
function rssOf(pid: number): number {
  try {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes ?? 0) * 1024
  } catch {
    return 0
  }
}
