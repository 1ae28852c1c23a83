import { element, escaped, hover } from './markup.js'
import { LEFT, RIGHT, roundedUp, shown, type TimeScale, WIDTH } from './scale.js'

/** A strip of the chart: `draw` puts its content below `top`. */
export interface Panel {
  readonly title: string
  readonly unit?: string
  readonly height: number
  /** What the colours mean. */
  readonly legend?: readonly Legend[]
  draw(top: number, time: TimeScale): string
}

export interface Legend {
  readonly name: string
  /** A class of the style sheet that sets `--ink`. */
  readonly ink: string
}

/** A value over time; null where it could not be asked. */
export interface Curve extends Legend {
  readonly points: readonly { readonly at: number; readonly value: number | null }[]
}

const FILLED_WITH_ONE = 1

/** Curves over one axis from 0, interrupted where nothing is known. A single one is filled. */
export function curvePanel(title: string, unit: string, curves: readonly Curve[], height = 96): Panel {
  const highest = roundedUp(
    Math.max(1, ...curves.flatMap(({ points }) => points.map(({ value }) => value ?? 0))),
  )
  return {
    title,
    unit,
    height,
    legend: curves.length > FILLED_WITH_ONE ? curves : [],
    draw(top, time) {
      const y = (value: number): number => top + height - (value / highest) * height
      const drawn = curves.map((curve) => drawCurve(curve, time, y, curves.length === FILLED_WITH_ONE))
      return [valueAxis(top, height, highest), ...drawn].join('')
    },
  }
}

function drawCurve(
  { points, ink, name }: Curve,
  time: TimeScale,
  y: (value: number) => number,
  filled: boolean,
): string {
  return piecesOf(points)
    .map((piece) => {
      const line = piece.map(({ at, value }) => `${time.x(at).toFixed(1)} ${y(value).toFixed(1)}`).join('L')
      const [first, last] = [piece[0]?.at ?? 0, piece.at(-1)?.at ?? 0]
      const under = `M${time.x(first).toFixed(1)} ${y(0).toFixed(1)}L${line}L${time.x(last).toFixed(1)} ${y(0).toFixed(1)}Z`
      const area = filled ? element('path', { class: `area ${ink}`, d: under }) : ''
      return area + element('path', { class: `curve ${ink}`, d: `M${line}` }, hover(name))
    })
    .join('')
}

/** The stretches in which a value is known. */
function piecesOf(points: Curve['points']): readonly (readonly { at: number; value: number }[])[] {
  const pieces: { at: number; value: number }[][] = [[]]
  for (const { at, value } of points) {
    if (value === null) pieces.push([])
    else pieces.at(-1)?.push({ at, value })
  }
  return pieces.filter(({ length }) => length > 0)
}

/** Lines at half and full height with their values. */
export function valueAxis(top: number, height: number, highest: number): string {
  return [1, 0.5]
    .map((share) => {
      const y = top + height - share * height
      const text = element(
        'text',
        { class: 'tick', x: LEFT - 8, y: y + 4, 'text-anchor': 'end' },
        escaped(shown(highest * share)),
      )
      return element('line', { class: 'grid', x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }) + text
    })
    .join('')
}
