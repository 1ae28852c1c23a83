export interface BrokerPlace {
  readonly port: number
  readonly controllerPort: number
  readonly logFolder: string
}

/** What a broker needs that is its own controller and has no second one to replicate to. */
export function brokerSettings(place: BrokerPlace): Readonly<Record<string, string>> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${place.controllerPort}`,
    listeners: `PLAINTEXT://127.0.0.1:${place.port},CONTROLLER://127.0.0.1:${place.controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${place.port}`,
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': place.logFolder,
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    // The defaults of 50 make the first use slow.
    'offsets.topic.num.partitions': '4',
    'transaction.state.log.num.partitions': '4',
    // Else the first member of a group waits 3 s for others.
    'group.initial.rebalance.delay.ms': '0',
    'group.min.session.timeout.ms': '1000',
    'auto.create.topics.enable': 'false',
    // After a kill the broker's own session has to expire before it serves again: 12 s by default. Shorter than starting it
    // takes would gain nothing, and a busy machine that holds it up for as long takes the leaders from all partitions.
    'broker.session.timeout.ms': '4000',
    'broker.heartbeat.interval.ms': '400',
  }
}

/** Settings in the form of a Java properties file, where a backslash would begin an escape. */
export function asProperties(settings: Readonly<Record<string, string>>): string {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}`)
  return `${lines.join('\n')}\n`
}
