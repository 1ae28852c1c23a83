import type { Chance } from '../chance.js'
import type { Worker } from '../supervisor.js'
import { type Nemesis, nothingToHeal, type Strike, type Surroundings } from './nemesis.js'

/** Processes die without a word. */
export const kill: Nemesis = signalling('kill', 'SIGKILL')

/** Processes are asked to end, and are still ending when others take over. */
export const term: Nemesis = signalling('term', 'SIGTERM')

/** A process stands still for longer than its lease, and wakes up believing that nothing has happened. */
export const pause: Nemesis = {
  name: 'pause',
  strike: ({ supervisor, lease }, chance) => {
    const worker = anyWorker(supervisor, chance)
    const lasts = Math.round(lease * (1.5 + 3 * chance.next()))
    if (!worker.ready || worker.paused || !worker.signal('SIGSTOP')) return undefined
    const { life } = worker
    const heal = (): void => {
      if (worker.life === life) worker.signal('SIGCONT')
    }
    return { target: worker.name, detail: { life }, lasts, heal }
  },
}

function signalling(name: string, signal: NodeJS.Signals): Nemesis {
  const strike = ({ supervisor }: Surroundings, chance: Chance): Strike | undefined => {
    const worker = anyWorker(supervisor, chance)
    const { life, ready } = worker
    if (!ready || worker.paused || !worker.signal(signal)) return undefined
    return { target: worker.name, detail: { life }, lasts: 0, heal: nothingToHeal }
  }
  return { name, strike }
}

const anyWorker = ({ workers }: Surroundings['supervisor'], chance: Chance): Worker => chance.pick(workers)
