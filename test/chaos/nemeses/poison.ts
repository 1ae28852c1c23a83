import type { Nemesis } from './nemesis.js'

/** Some notes make the handler of the statements throw: until it is repaired, or for good. */
export const poison: Nemesis = {
  name: 'poison',
  strike: ({ supervisor }, chance) => {
    const marks = chance.pick([['always'], ['until-repaired'], ['always', 'until-repaired']])
    const lasts = chance.between(2_000, 5_000)
    supervisor.mark(marks)
    return { target: 'statements', detail: { marks }, lasts, heal: () => supervisor.mark([]) }
  },
}
