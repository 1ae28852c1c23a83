import type { Nemesis } from './nemesis.js'

/** The broker dies without a word and comes back. */
export const brokerKill: Nemesis = {
  name: 'broker-kill',
  strike: async ({ kafka }, chance) => {
    const lasts = chance.between(200, 4_000)
    if (kafka?.up !== true) return undefined
    await kafka.kill()
    return { target: 'broker', lasts, heal: () => kafka.restart() }
  },
}

/** The broker is shut down in order, as for an upgrade. */
export const brokerRestart: Nemesis = {
  name: 'broker-restart',
  strike: async ({ kafka }, chance) => {
    const lasts = chance.between(0, 2_000)
    if (kafka?.up !== true) return undefined
    await kafka.stopInOrder()
    return { target: 'broker', lasts, heal: () => kafka.restart() }
  },
}

/** The broker takes connections and answers nothing. */
export const brokerPause: Nemesis = {
  name: 'broker-pause',
  strike: async ({ kafka }, chance) => {
    const lasts = chance.between(1_000, 8_000)
    if (kafka?.up !== true) return undefined
    await kafka.signal('SIGSTOP')
    return { target: 'broker', lasts, heal: () => kafka.signal('SIGCONT') }
  },
}
