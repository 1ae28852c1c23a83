import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/app/local-servers/ports.js'
import { startBroker } from '../../src/testing/kafka/index.js'
import { FaultProxy } from './fault-proxy.js'

/** A broker that can be reached directly, through a proxy, and with the credentials of {@link teller}. */
export interface ProxiedBroker {
  readonly direct: string
  readonly proxied: string
  readonly secured: string
  readonly proxy: FaultProxy
  stop(): Promise<void>
}

export const teller = { mechanism: 'plain', username: 'teller', password: 'swordfish' } as const

export async function startProxiedBroker(): Promise<ProxiedBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-broker-'))
  const ports = { direct: await freePort(), behind: await freePort(), front: await freePort() }
  const secured = await freePort()
  const controller = await freePort()
  const broker = await startBroker({
    folder,
    port: ports.direct,
    settings: {
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      listeners: listenersOf({
        PLAINTEXT: ports.direct,
        PROXIED: ports.behind,
        SECURED: secured,
        CONTROLLER: controller,
      }),
      'advertised.listeners': listenersOf({
        PLAINTEXT: ports.direct,
        PROXIED: ports.front,
        SECURED: secured,
      }),
      'listener.security.protocol.map':
        'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,SECURED:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'PLAINTEXT',
      'sasl.enabled.mechanisms': 'PLAIN',
      'listener.name.secured.plain.sasl.jaas.config': `org.apache.kafka.common.security.plain.PlainLoginModule required user_${teller.username}="${teller.password}";`,
    },
  })
  const proxy = await FaultProxy.listen(ports.front, ports.behind)
  return {
    direct: broker.brokers,
    proxied: `127.0.0.1:${ports.front}`,
    secured: `127.0.0.1:${secured}`,
    proxy,
    stop: async () => {
      await proxy.close()
      await broker.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

const listenersOf = (ports: Readonly<Record<string, number>>): string =>
  Object.entries(ports)
    .map(([name, port]) => `${name}://127.0.0.1:${port}`)
    .join(',')
