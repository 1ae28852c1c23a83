import type { TcpProxy } from '../../support/tcp-proxy.js'
import type { Chance } from '../chance.js'
import { type Nemesis, nothingToHeal, type Strike, type Surroundings } from './nemesis.js'

interface Lane {
  readonly name: string
  readonly proxy: TcpProxy
}

/** Connections are closed; new ones work. */
export const cut: Nemesis = spoiling('cut', (proxy) => {
  proxy.cut()
  return 0
})

/** Connections are closed in the middle of an answer. */
export const cutWithin: Nemesis = spoiling('cut-within', (proxy, chance) => {
  proxy.cutAfter(chance.between(1, 20_000), chance.pick(['requests', 'answers']))
  return 3_000
})

/** Connections are closed, and none can be made. */
export const partition: Nemesis = spoiling('partition', (proxy, chance) => {
  proxy.shut()
  return chance.between(500, 8_000)
})

/** Nothing gets through either way, and nobody is told. */
export const halfOpen: Nemesis = spoiling('half-open', (proxy, chance) => {
  proxy.drop('both')
  return chance.between(1_000, 8_000)
})

/** Requests arrive and are done; their answers are lost, and connections stay open. */
export const dropAnswers: Nemesis = spoiling('drop-answers', (proxy, chance) => {
  proxy.drop('answers')
  return chance.between(500, 6_000)
})

export const delayed: Nemesis = spoiling('delay', (proxy, chance) => {
  proxy.delay(chance.between(20, 400))
  return chance.between(1_000, 8_000)
})

function spoiling(name: string, spoil: (proxy: TcpProxy, chance: Chance) => number): Nemesis {
  const strike = (surroundings: Surroundings, chance: Chance): Strike => {
    const { name: target, proxy } = chance.pick(lanesOf(surroundings))
    const lasts = spoil(proxy, chance)
    return { target, lasts, heal: lasts === 0 ? nothingToHeal : () => proxy.heal() }
  }
  return { name, strike }
}

function lanesOf({ postgres, kafka }: Surroundings): readonly Lane[] {
  const named = (server: string, proxies: readonly TcpProxy[]): readonly Lane[] =>
    proxies.map((proxy, lane) => ({ name: `${server}-proxy-${lane + 1}`, proxy }))
  return [...named('postgres', postgres.proxies), ...named('broker', kafka?.proxies ?? [])]
}
