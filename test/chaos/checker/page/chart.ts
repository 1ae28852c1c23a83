import type { TimelineFact } from '../../facts.js'
import type { Evidence } from '../evidence.js'
import { sumOfEpochs } from '../figures.js'
import { commandsPanel } from './commands-panel.js'
import { faultsPanel } from './faults-panel.js'
import { livesPanel } from './lives-panel.js'
import { element, escaped, hover } from './markup.js'
import { type Curve, curvePanel, type Panel } from './panel.js'
import { LEFT, RIGHT, TimeScale, WIDTH } from './scale.js'

const INKS = ['ink-blue', 'ink-orange', 'ink-green', 'ink-violet', 'ink-red', 'ink-teal', 'ink-grey']
const TITLE = 30
const GAP = 26
const PHASES = 18
const MEGABYTE = 1024 * 1024

/** Everything that happened, in panels over one axis of time. */
export function chartOf(evidence: Evidence): string {
  const { run, timeline } = evidence.facts
  const time = new TimeScale(run.startedAt, run.endedAt)
  const parts: string[] = [drawPhases(timeline, run.endedAt, time)]
  let top = PHASES + 14
  for (const panel of panelsOf(evidence)) {
    parts.push(drawTitle(panel, top), panel.draw(top + TITLE - 8, time))
    top += TITLE + panel.height + GAP
  }
  const under = time
    .ticks()
    .map(({ x, label }) => tick(x, label, top))
    .join('')
  const cross = element('line', { id: 'cross', class: 'cross', y1: PHASES, y2: top - 12, x1: -9, x2: -9 })
  const attributes = {
    id: 'chart',
    viewBox: `0 0 ${WIDTH} ${top + 8}`,
    role: 'img',
    'aria-label': 'What happened in the run',
    'data-from': time.from,
    'data-to': time.to,
    'data-left': LEFT,
    'data-right': RIGHT,
    'data-width': WIDTH,
  }
  return element('svg', attributes, under, ...parts, cross)
}

function panelsOf({ facts, calls }: Evidence): readonly Panel[] {
  const { samples, timeline, run } = facts
  const curve = (
    name: string,
    ink: string,
    valueAt: (sample: (typeof samples)[number]) => number | null,
  ): Curve => ({
    name,
    ink,
    points: samples.map((sample) => ({ at: sample.at, value: valueAt(sample) })),
  })
  const projections = namesIn(samples.map(({ lag }) => Object.keys(lag ?? {})))
  const processes = namesIn(samples.map(({ processes: its }) => its.map(({ name }) => name)))
  return [
    faultsPanel(timeline, run.endedAt),
    livesPanel(timeline, samples, run.endedAt),
    commandsPanel(calls),
    curvePanel('Outbox', 'rows that are not published', [
      curve('outbox', 'ink-blue', ({ outbox }) => outbox),
    ]),
    curvePanel(
      'Lag',
      'events behind the store',
      projections.map((name, index) => curve(name, inkAt(index), ({ lag }) => lag?.[name] ?? null)),
    ),
    curvePanel('Takeovers', 'sum of epochs', [
      curve('slots of relays', 'ink-orange', ({ slotEpochs }) =>
        slotEpochs === null ? null : Number(slotEpochs),
      ),
      curve('lanes of projections', 'ink-violet', ({ checkpoints }) =>
        checkpoints === null ? null : sumOfEpochs(checkpoints),
      ),
    ]),
    curvePanel(
      'Letters',
      'parked',
      namesIn(samples.map(({ letters }) => Object.keys(letters ?? {}))).map((name, index) =>
        curve(name, inkAt(index), ({ letters }) => letters?.[name] ?? null),
      ),
      60,
    ),
    curvePanel(
      'Memory',
      'MB of each process',
      processes.map((name, index) =>
        curve(name, inkAt(index), (sample) => rssOf(sample.processes.find((it) => it.name === name)?.rss)),
      ),
    ),
    curvePanel(
      'Connections',
      'to the databases',
      [curve('connections', 'ink-teal', ({ connections }) => connections)],
      60,
    ),
  ]
}

const inkAt = (index: number): string => INKS[index % INKS.length] ?? 'ink-grey'

const namesIn = (lists: readonly (readonly string[])[]): readonly string[] =>
  [...new Set(lists.flat())].toSorted()

/** A dead process holds nothing, which would only look like a dip. */
const rssOf = (bytes: number | undefined): number | null =>
  bytes === undefined || bytes === 0 ? null : bytes / MEGABYTE

function drawTitle({ title, unit = '', legend = [] }: Panel, top: number): string {
  const name = element('text', { class: 'panel', x: 0, y: top + 8 }, escaped(title))
  const what = element('text', { class: 'unit', x: LEFT, y: top + 8 }, escaped(unit))
  let x = WIDTH - RIGHT
  const keys = legend.toReversed().map(({ name: key, ink }) => {
    x -= key.length * 6.6 + 26
    const mark = element('rect', { class: `bar ${ink}`, x, y: top, width: 9, height: 9, rx: 2 })
    return mark + element('text', { class: 'key', x: x + 13, y: top + 8 }, escaped(key))
  })
  return name + what + keys.join('')
}

function tick(x: number, label: string, bottom: number): string {
  const line = element('line', { class: 'grid', x1: x, x2: x, y1: PHASES + 4, y2: bottom - 12 })
  return line + element('text', { class: 'tick', x, y: bottom, 'text-anchor': 'middle' }, escaped(label))
}

type Phase = Extract<TimelineFact, { event: 'phase' }>

function drawPhases(timeline: readonly TimelineFact[], end: number, time: TimeScale): string {
  const all = timeline.filter((fact): fact is Phase => fact.event === 'phase')
  // One band where a phase is followed by another of its kind.
  const phases = all.filter(({ phase }, index) => all[index - 1]?.phase !== phase)
  return phases
    .map(({ at, phase }, index) => {
      const [x, next] = [time.x(at), time.x(phases[index + 1]?.at ?? end)]
      const band = element(
        'rect',
        { class: `phase phase-${phase}`, x, y: 0, width: Math.max(0, next - x), height: PHASES },
        hover(phase),
      )
      const name =
        next - x > phase.length * 7
          ? element('text', { class: 'phase-name', x: x + 5, y: 13 }, escaped(phase))
          : ''
      return band + name
    })
    .join('')
}
