import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { ConfigurationError } from '../../core/errors/index.js'
import type { HealthReport } from './report.js'

/** Milliseconds that a peer may take over its request, or stay without one. */
const PATIENCE = 5_000
const MOST_CONNECTIONS = 100
const LARGEST_HEAD = 8_192

/**
 * Tells orchestrators how the process is: `/livez` that its event loop turns, `/readyz` whether it may be sent work, and
 * with `?verbose` why. Answers GET and HEAD alone, and reads nothing of a request but its path.
 */
export class HealthServer {
  readonly #server: Server
  readonly #report: () => Promise<HealthReport>

  private constructor(report: () => Promise<HealthReport>) {
    this.#report = report
    this.#server = createServer(
      { headersTimeout: PATIENCE, requestTimeout: PATIENCE, maxHeaderSize: LARGEST_HEAD },
      (request, response) => void this.#answer(request, response),
    )
    this.#server.keepAliveTimeout = PATIENCE
    this.#server.maxConnections = MOST_CONNECTIONS
  }

  /** @throws {@link ConfigurationError} when the port cannot be listened on */
  static async listen(
    host: string,
    port: number,
    report: () => Promise<HealthReport>,
  ): Promise<HealthServer> {
    const own = new HealthServer(report)
    own.#server.listen({ host, port })
    try {
      await once(own.#server, 'listening')
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new ConfigurationError('REPRISE_HEALTH_PORT', `cannot be listened on: ${reason}`, error)
    }
    // What goes wrong with one connection ends that one alone.
    own.#server.on('error', () => undefined)
    return own
  }

  get address(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') return 'nowhere'
    const host = address.family === 'IPv6' ? `[${address.address}]` : address.address
    return `http://${host}:${address.port}`
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    this.#server.closeAllConnections()
    await closed
  }

  async #answer({ method, url = '' }: IncomingMessage, response: ServerResponse): Promise<void> {
    const [path, query = ''] = url.split('?', 2)
    if (path !== '/livez' && path !== '/readyz') send(response, 404, 'there are /livez and /readyz')
    else if (method !== 'GET' && method !== 'HEAD') refuseMethod(response)
    else if (path === '/livez') send(response, 200, 'ok')
    else await this.#answerReady(new URLSearchParams(query).has('verbose'), response)
  }

  async #answerReady(verbose: boolean, response: ServerResponse): Promise<void> {
    const report = await this.#report()
    const { status, phase } = report
    response.setHeader('Content-Type', 'application/json')
    send(response, report.ready ? 200 : 503, JSON.stringify(verbose ? report : { status, phase }))
  }
}

function refuseMethod(response: ServerResponse): void {
  response.setHeader('Allow', 'GET, HEAD')
  send(response, 405, 'it can be read only')
}

function send(response: ServerResponse, status: number, body: string): void {
  if (!response.hasHeader('Content-Type')) response.setHeader('Content-Type', 'text/plain; charset=utf-8')
  response.setHeader('Cache-Control', 'no-store')
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.writeHead(status, { 'Content-Length': Buffer.byteLength(body) + 1 })
  response.end(`${body}\n`)
}
