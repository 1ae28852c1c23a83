// Ways of doing harm to a running bank.
import { brokerKill, brokerPause, brokerRestart } from './broker.js'
import { hostile } from './hostile.js'
import type { Nemesis } from './nemesis.js'
import { cut, cutWithin, delayed, dropAnswers, halfOpen, partition } from './network.js'
import { poison } from './poison.js'
import { postgresImmediate, postgresKill, postgresLongTransaction, postgresTerminate } from './postgres.js'
import { kill, pause, term } from './processes.js'

const EVERYWHERE = [
  kill,
  pause,
  term,
  postgresImmediate,
  postgresKill,
  postgresTerminate,
  postgresLongTransaction,
  cut,
  cutWithin,
  partition,
  halfOpen,
  dropAnswers,
  delayed,
  poison,
  hostile,
]
const WITH_KAFKA = [brokerKill, brokerRestart, brokerPause]

export const nemesesFor = (log: 'postgres' | 'kafka'): readonly Nemesis[] =>
  log === 'kafka' ? [...EVERYWHERE, ...WITH_KAFKA] : EVERYWHERE

export type { Nemesis, Strike, Surroundings } from './nemesis.js'
