import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../src/app/local-servers/ports.js'
import { startBroker } from '../../src/testing/kafka/index.js'
import { FaultProxy } from './fault-proxy.js'

/** A broker that can be reached directly and through a proxy. */
export interface ProxiedBroker {
  readonly direct: string
  readonly proxied: string
  readonly proxy: FaultProxy
  stop(): Promise<void>
}

export async function startProxiedBroker(): Promise<ProxiedBroker> {
  const folder = await mkdtemp(join(tmpdir(), 'reprise-broker-'))
  const [direct, behind, controller, front] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ]
  const broker = await startBroker({
    folder,
    port: direct,
    settings: {
      'controller.quorum.voters': `1@127.0.0.1:${controller}`,
      listeners: `PLAINTEXT://127.0.0.1:${direct},PROXIED://127.0.0.1:${behind},CONTROLLER://127.0.0.1:${controller}`,
      'advertised.listeners': `PLAINTEXT://127.0.0.1:${direct},PROXIED://127.0.0.1:${front}`,
      'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,PROXIED:PLAINTEXT,CONTROLLER:PLAINTEXT',
      'inter.broker.listener.name': 'PLAINTEXT',
    },
  })
  const proxy = await FaultProxy.listen(front, behind)
  return {
    direct: broker.brokers,
    proxied: `127.0.0.1:${front}`,
    proxy,
    stop: async () => {
      await proxy.close()
      await broker.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
