import type { SampleFact, TimelineFact } from '../../facts.js'
import { element, escaped, hover } from './markup.js'
import type { Panel } from './panel.js'
import { clock, LEFT, type TimeScale } from './scale.js'

const ROW = 15
const BAR = 9

type ProcessFact = Extract<TimelineFact, { event: 'process-start' | 'process-ready' | 'process-exit' }>

interface Life {
  readonly process: string
  readonly life: number
  readonly from: number
  readonly ready: number | undefined
  readonly to: number
  readonly how: string | undefined
}

/** A row for each process, a bar for each of its lives: pale until it was ready, dark while it stood still. */
export function livesPanel(
  timeline: readonly TimelineFact[],
  samples: readonly SampleFact[],
  end: number,
): Panel {
  const lives = livesIn(timeline, end)
  const names = [...new Set(lives.map(({ process }) => process))].toSorted()
  return {
    title: 'Processes',
    unit: `${lives.length} lives`,
    height: Math.max(ROW, names.length * ROW),
    draw: (top, time) =>
      names
        .map((name, row) => {
          const y = top + row * ROW
          const label = element(
            'text',
            { class: 'tick', x: LEFT - 8, y: y + BAR, 'text-anchor': 'end' },
            escaped(name),
          )
          const its = lives.filter(({ process }) => process === name).map((life) => drawLife(life, y, time))
          return label + its.join('') + drawPauses(name, samples, y, time)
        })
        .join(''),
  }
}

function drawLife({ process, life, from, ready, to, how }: Life, y: number, time: TimeScale): string {
  const said = `${process}, life ${life}\nfrom ${clock((from - time.from) / 1_000)} to ${clock((to - time.from) / 1_000)}${how === undefined ? '' : `\nended by ${how}`}`
  const bar = (start: number, stop: number, kind: string): string =>
    element(
      'rect',
      { class: kind, x: time.x(start), y, width: Math.max(1, time.x(stop) - time.x(start)), height: BAR },
      hover(said),
    )
  const end =
    how === undefined
      ? ''
      : element('line', {
          class: `death ${how.includes('KILL') ? 'ink-red' : 'ink-grey'}`,
          x1: time.x(to),
          x2: time.x(to),
          y1: y - 2,
          y2: y + BAR + 2,
        })
  return bar(from, ready ?? to, 'life starting') + (ready === undefined ? '' : bar(ready, to, 'life')) + end
}

function drawPauses(name: string, samples: readonly SampleFact[], y: number, time: TimeScale): string {
  return samples
    .flatMap(({ at, processes }, index) => {
      const paused = processes.some((process) => process.name === name && process.state === 'paused')
      const until = samples[index + 1]?.at ?? at
      return paused
        ? [
            element(
              'rect',
              { class: 'paused', x: time.x(at), y, width: time.x(until) - time.x(at), height: BAR },
              hover(`${name} is paused`),
            ),
          ]
        : []
    })
    .join('')
}

function livesIn(timeline: readonly TimelineFact[], end: number): readonly Life[] {
  const facts = timeline.filter((fact): fact is ProcessFact => fact.event.startsWith('process-'))
  const of = (start: ProcessFact, event: ProcessFact['event']): ProcessFact | undefined =>
    facts.find((it) => it.event === event && it.process === start.process && it.life === start.life)
  return facts
    .filter(({ event }) => event === 'process-start')
    .map((start) => {
      const exit = of(start, 'process-exit')
      const ready = of(start, 'process-ready')?.at
      return {
        process: start.process,
        life: start.life,
        from: start.at,
        ready,
        to: exit?.at ?? end,
        how: exit?.how,
      }
    })
}
