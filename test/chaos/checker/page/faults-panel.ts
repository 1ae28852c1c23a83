import type { TimelineFact } from '../../facts.js'
import { element, escaped, hover } from './markup.js'
import type { Panel } from './panel.js'
import { clock, LEFT, shown, type TimeScale } from './scale.js'

const ROW = 17
const BAR = 11
/** Faults that are over at once are still to be seen, and to be hovered over. */
const LEAST_WIDTH = 4

interface Fault {
  readonly kind: string
  readonly target: string
  readonly from: number
  readonly to: number
  readonly detail: string
}

/** A row for each kind of fault, a bar for each fault from its beginning to its end. */
export function faultsPanel(timeline: readonly TimelineFact[], end: number): Panel {
  const faults = faultsIn(timeline, end)
  const kinds = [...new Set(faults.map(({ kind }) => kind))].toSorted()
  return {
    title: 'Faults',
    unit: `${faults.length} injected`,
    height: Math.max(ROW, kinds.length * ROW),
    draw: (top, time) =>
      kinds
        .map((kind, row) => {
          const y = top + row * ROW
          const its = faults.filter((fault) => fault.kind === kind)
          const name = element(
            'text',
            { class: 'tick', x: LEFT - 8, y: y + BAR - 1, 'text-anchor': 'end' },
            escaped(`${kind} ×${its.length}`),
          )
          return name + its.map((fault) => drawFault(fault, y, time)).join('')
        })
        .join(''),
  }
}

function drawFault({ kind, target, from, to, detail }: Fault, y: number, time: TimeScale): string {
  const x = time.x(from)
  const width = Math.max(LEAST_WIDTH, time.x(to) - x)
  const said = `${kind} · ${target}\n${clock((from - time.from) / 1_000)}, for ${shown((to - from) / 1_000)} s${detail}`
  return element('rect', { class: `fault ${inkOf(kind)}`, x, y, width, height: BAR, rx: 2 }, hover(said))
}

/** By what they hit. */
function inkOf(kind: string): string {
  if (kind.startsWith('pg')) return 'ink-blue'
  if (kind.startsWith('broker')) return 'ink-violet'
  if (/kill|pause|term|stop/.test(kind)) return 'ink-red'
  return /record|poison|hostile|mark/.test(kind) ? 'ink-green' : 'ink-orange'
}

function faultsIn(timeline: readonly TimelineFact[], end: number): readonly Fault[] {
  const ends = new Map(
    timeline.flatMap((fact) => (fact.event === 'fault-end' ? [[fact.id, fact.at] as const] : [])),
  )
  return timeline.flatMap((fact): readonly Fault[] => {
    if (fact.event === 'fault-begin') {
      const detail = fact.detail === undefined ? '' : `\n${JSON.stringify(fact.detail)}`
      return [{ kind: fact.fault, target: fact.target, from: fact.at, to: ends.get(fact.id) ?? end, detail }]
    }
    return fact.event === 'planted-record'
      ? [{ kind: 'planted-record', target: fact.topic, from: fact.at, to: fact.at, detail: `\n${fact.name}` }]
      : []
  })
}
