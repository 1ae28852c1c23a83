import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../../src/app/local-servers/ports.js'
import { openBrokerFolder, readRecord } from '../../../src/testing/kafka/broker-folder.js'
import { type Broker, startBroker } from '../../../src/testing/kafka/index.js'
import { TcpProxy } from '../../support/tcp-proxy.js'

/** A listener and the proxy before it, whose address the broker tells to whom comes that way. */
interface LaneOfBroker {
  readonly name: string
  readonly port: number
  readonly proxy: TcpProxy
}

/** A single-node broker of a run's own, with a listener behind each proxy, and one that is reached directly. */
export class KafkaServer {
  readonly #folder: string
  readonly #ports: { readonly direct: number; readonly controller: number }
  readonly #lanes: readonly LaneOfBroker[]
  #broker: Broker | undefined
  #up = false

  private constructor(
    folder: string,
    ports: { readonly direct: number; readonly controller: number },
    lanes: readonly LaneOfBroker[],
  ) {
    this.#folder = folder
    this.#ports = ports
    this.#lanes = lanes
  }

  static async start(folder: string, lanes: number): Promise<KafkaServer> {
    const ports = { direct: await freePort(), controller: await freePort() }
    const proxied = await Promise.all(
      Array.from({ length: lanes }, async (_, lane) => {
        const port = await freePort()
        const proxy = await TcpProxy.before({ host: '127.0.0.1', port })
        return { name: `LANE${lane}`, port, proxy }
      }),
    )
    const server = new KafkaServer(folder, ports, proxied)
    await server.restart()
    return server
  }

  /** Whether it is meant to serve now. */
  get up(): boolean {
    return this.#up
  }

  get proxies(): readonly TcpProxy[] {
    return this.#lanes.map(({ proxy }) => proxy)
  }

  /** Leads around the proxies. */
  get direct(): string {
    return `127.0.0.1:${this.#ports.direct}`
  }

  through(lane: number): string {
    return `127.0.0.1:${this.#lanes[lane]?.proxy.port ?? 0}`
  }

  async kill(): Promise<void> {
    this.#up = false
    await this.#broker?.kill()
  }

  async stopInOrder(): Promise<void> {
    this.#up = false
    await this.#broker?.stop()
  }

  /** SIGSTOP or SIGCONT. */
  async signal(name: 'SIGSTOP' | 'SIGCONT'): Promise<void> {
    const record = await readRecord(await openBrokerFolder(this.#folder))
    const pid = Number.parseInt(record?.broker ?? '', 10)
    if (pid > 0) process.kill(pid, name)
    this.#up = name === 'SIGCONT'
  }

  /** On the same data and ports, until it serves. */
  async restart(): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        const settings = this.#settings()
        this.#broker = await startBroker({ folder: this.#folder, port: this.#ports.direct, settings })
        this.#up = true
        return
      } catch (error) {
        // The ports of a broker that was killed are free only when the kernel has put its connections away.
        if (tries === 5) throw error
        await delay(500)
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.proxies.map((it) => it.close()))
    await this.#broker?.stop()
  }

  #settings(): Readonly<Record<string, string>> {
    const { direct, controller } = this.#ports
    const own = this.#lanes.map(({ name, port }) => `${name}://127.0.0.1:${port}`)
    const told = this.#lanes.map(({ name, proxy }) => `${name}://127.0.0.1:${proxy.port}`)
    const names = ['PLAINTEXT', 'CONTROLLER', ...this.#lanes.map(({ name }) => name)]
    return {
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      listeners: [`PLAINTEXT://127.0.0.1:${direct}`, `CONTROLLER://127.0.0.1:${controller}`, ...own].join(
        ',',
      ),
      'advertised.listeners': [`PLAINTEXT://127.0.0.1:${direct}`, ...told].join(','),
      'listener.security.protocol.map': names.map((name) => `${name}:PLAINTEXT`).join(','),
      'inter.broker.listener.name': 'PLAINTEXT',
    }
  }
}
