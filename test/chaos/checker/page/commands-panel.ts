import type { Call } from '../evidence.js'
import { element, hover } from './markup.js'
import { type Panel, valueAxis } from './panel.js'
import { clock, roundedUp, type TimeScale } from './scale.js'

const HEIGHT = 110
const SECOND = 1_000

const FATES = [
  { name: 'ok', ink: 'ink-green' },
  { name: 'refused', ink: 'ink-grey' },
  { name: 'unknown', ink: 'ink-red' },
] as const

type Fate = (typeof FATES)[number]['name']
type Second = Record<Fate, number>

/** A stacked bar for each second: what clients were answered. */
export function commandsPanel(calls: readonly Call[]): Panel {
  const seconds = secondsOf(calls)
  const highest = roundedUp(
    Math.max(1, ...[...seconds.values()].map(({ ok, refused, unknown }) => ok + refused + unknown)),
  )
  return {
    title: 'Commands',
    unit: 'per second',
    height: HEIGHT,
    legend: FATES,
    draw: (top, time) =>
      valueAxis(top, HEIGHT, highest) +
      [...seconds].map(([second, counts]) => drawSecond(second, counts, top, highest, time)).join(''),
  }
}

function drawSecond(second: number, counts: Second, top: number, highest: number, time: TimeScale): string {
  const x = time.x(second * SECOND)
  const width = Math.max(0.6, time.x((second + 1) * SECOND) - x - 0.6)
  const { ok, refused, unknown } = counts
  const said = `${clock(second - time.from / SECOND)}\n${ok} ok, ${refused} refused, ${unknown} unknown`
  let bottom = top + HEIGHT
  const bars = FATES.map(({ name, ink }) => {
    const height = (counts[name] / highest) * HEIGHT
    bottom -= height
    return height === 0 ? '' : element('rect', { class: `bar ${ink}`, x, y: bottom, width, height })
  })
  return element('g', {}, hover(said), ...bars)
}

/** By the time of the answer, or of the question where none came. */
function secondsOf(calls: readonly Call[]): ReadonlyMap<number, Second> {
  const seconds = new Map<number, Second>()
  for (const { invoke, outcome } of calls) {
    const second = Math.floor((outcome ?? invoke).at / SECOND)
    const counts = seconds.get(second) ?? { ok: 0, refused: 0, unknown: 0 }
    counts[fateOf(outcome?.phase)]++
    seconds.set(second, counts)
  }
  return seconds
}

function fateOf(phase: string | undefined): Fate {
  if (phase === 'ok') return 'ok'
  return phase === 'fail' ? 'refused' : 'unknown'
}
