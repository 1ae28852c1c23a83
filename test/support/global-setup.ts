import { once } from 'node:events'
import { type ServerResponse, createServer } from 'node:http'
import { type AddressInfo } from 'node:net'
import { type TestProject } from 'vitest/node'
import { type KafkaPlan, planKafka } from './kafka-part.js'
import { Part } from './part.js'
import { startPostgresPart } from './postgres-part.js'

declare module 'vitest' {
  interface ProvidedContext {
    /** Answers with the address of a server, started with its first use. */
    partsUrl: string
    /** Why Kafka tests are skipped; empty when they are not. */
    kafkaMissing: string
  }
}

/**
 * Holds the real servers of a run. Test files run in processes of their own and ask for a server's address
 * over HTTP; the first who asks starts it.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const kafka = await planKafka()
  refuseSilence(kafka)
  const parts = new Map([
    ['/postgres/18', new Part(() => startPostgresPart(18))],
    ['/postgres/15', new Part(() => startPostgresPart(15))],
  ])
  if ('start' in kafka) parts.set('/kafka', new Part(kafka.start))

  const server = createServer((request, response) => {
    void answer(parts.get(request.url ?? ''), response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  project.provide('partsUrl', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  project.provide('kafkaMissing', 'missing' in kafka ? kafka.missing : '')

  return async () => {
    server.close()
    server.closeAllConnections()
    const used = await Promise.all([...parts.values()].map((part) => part.stop()))
    const names = used.filter((name) => name !== undefined)
    if (names.length > 0) say(`real parts used: ${names.join(', ')}`)
  }
}

async function answer(part: Part | undefined, response: ServerResponse): Promise<void> {
  // Files ask seconds apart: a connection kept for that long would end under the next question now and then.
  response.setHeader('Connection', 'close')
  try {
    if (part === undefined) throw new Error('there is no such part in this run')
    response.end((await part.use()).address)
  } catch (error) {
    response.statusCode = 500
    response.end(error instanceof Error ? error.message : String(error))
  }
}

/** A missing broker must not pass for tests that succeed. */
function refuseSilence(kafka: KafkaPlan): void {
  if (!('missing' in kafka)) return
  const line = `KAFKA TESTS ARE SKIPPED: ${kafka.missing}`
  if (process.env['CI'] === 'true') throw new Error(`${line}; with CI=true this is a failure`)
  say(line)
}

function say(line: string): void {
  process.stderr.write(`\n${line}\n`)
}
