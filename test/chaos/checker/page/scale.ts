/** The room that every panel has: they stand below one another, so that one time is one place. */
export const WIDTH = 1160
export const LEFT = 150
export const RIGHT = 16

/** Where a time is, from left to right. */
export class TimeScale {
  readonly from: number
  readonly to: number

  constructor(from: number, to: number) {
    this.from = from
    this.to = Math.max(to, from + 1_000)
  }

  x(at: number): number {
    const share = (Math.min(Math.max(at, this.from), this.to) - this.from) / (this.to - this.from)
    return LEFT + share * (WIDTH - LEFT - RIGHT)
  }

  /** Round seconds since the beginning, a dozen of them at the most. */
  ticks(): readonly { readonly x: number; readonly label: string }[] {
    const seconds = (this.to - this.from) / 1_000
    const step =
      [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1_800, 3_600].find((it) => seconds / it <= 14) ?? 7_200
    return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => ({
      x: this.x(this.from + index * step * 1_000),
      label: clock(index * step),
    }))
  }
}

/** `1:05` for 65 seconds. */
export const clock = (seconds: number): string =>
  `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, '0')}`

/** A round number that is not below `value`, to end an axis with. */
export function roundedUp(value: number): number {
  if (value <= 0) return 1
  const unit = 10 ** Math.floor(Math.log10(value))
  return ([1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((it) => it * unit >= value) ?? 10) * unit
}

const numbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 })
export const shown = (value: number): string => numbers.format(value)
