import type { SlotStatus } from '../../outbox/postgres/index.js'
import type { CommandContext } from '../command-context.js'
import { LoadedApp } from '../loaded-app.js'
import { type OutboxOfSide, outboxesOf, parkedOf, parkedTable } from '../outbox-sides.js'
import { table } from '../table.js'

/** Shows what waits to be published, by whom, and what was refused. Asks the databases only, so the log may be away. */
export async function showOutbox(context: CommandContext): Promise<void> {
  const app = await LoadedApp.load(context)
  await app.withDatabases(false, async (databases) => {
    const outboxes = await outboxesOf(databases, app.sides)
    const { terminal, options } = context
    const now = Date.now()
    terminal.answer({ sides: outboxes.map((outbox) => documentOf(outbox, now)) }, () =>
      [
        table(
          ['SIDE', 'PENDING', 'OLDEST', 'SLOTS HELD', 'RELAYS', 'PARKED'],
          outboxes.map((outbox) => rowOf(outbox, now)),
          options,
        ),
        ...waitingSlots(outboxes, options),
        ...refusals(outboxes, options),
      ].join('\n\n'),
    )
  })
}

function documentOf({ side, pending, oldest, slots, parked }: OutboxOfSide, now: number): object {
  return { side, pending, oldest, oldestAgeMs: ageOf(oldest, now), slots, parked }
}

function rowOf({ side, pending, oldest, slots, parked }: OutboxOfSide, now: number): readonly string[] {
  const held = slots.filter(({ owner }) => owner !== undefined)
  const relays = new Set(held.map(({ owner }) => owner)).size
  const age = ageOf(oldest, now)
  return [
    side,
    pending.toString(),
    age === undefined ? '-' : `${(age / 1_000).toFixed(1)} s`,
    held.length.toString(),
    relays.toString(),
    parked.reduce((sum, { rows }) => sum + rows, 0).toString(),
  ]
}

/** Slots that have something to publish, and who is to do it. */
function waitingSlots(
  outboxes: readonly OutboxOfSide[],
  options: { readonly plain: boolean },
): readonly string[] {
  const rows = outboxes.flatMap(({ side, slots }) =>
    slots.filter(({ pending }) => pending > 0).map((slot) => [side, ...slotCells(slot)]),
  )
  return rows.length === 0 ? [] : [table(['SIDE', 'SLOT', 'PENDING', 'RELAY', 'LEASE UNTIL'], rows, options)]
}

const slotCells = ({ slot, pending, owner, expiresAt }: SlotStatus): readonly string[] => [
  slot.toString(),
  pending.toString(),
  owner ?? 'nobody',
  expiresAt?.toISOString() ?? '-',
]

function refusals(
  outboxes: readonly OutboxOfSide[],
  options: { readonly plain: boolean },
): readonly string[] {
  const parked = parkedOf(outboxes)
  if (parked.length === 0) return []
  return [parkedTable(parked, options), 'reprise outbox retry publishes refused rows again, in their order']
}

/** Clocks differ: what was written a moment ago may seem to lie ahead. */
const ageOf = (oldest: Date | undefined, now: number): number | undefined =>
  oldest === undefined ? undefined : Math.max(0, now - oldest.getTime())
