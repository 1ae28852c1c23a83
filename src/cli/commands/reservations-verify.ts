import {
  ReservationCheck,
  type ReservationDifference,
  type ReservationSummary,
} from '../../aggregates/postgres/reservation-check.js'
import { counted, nounFor } from '../../core/counted.js'
import { streamName } from '../../core/stream.js'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { confirm } from '../confirmation.js'
import { LoadedApp } from '../loaded-app.js'
import { table } from '../table.js'

export interface VerifyReservationsOptions {
  readonly repair?: boolean
}

/** Differences that are shown; all are counted. */
const MOST_SHOWN = 1_000

/**
 * Compares the table of reservations with history, and with `repair` makes it again from there.
 *
 * @throws {@link CliError} when there are differences and they were not repaired
 */
export async function verifyReservations(
  context: CommandContext,
  { repair = false }: VerifyReservationsOptions,
): Promise<void> {
  const app = await LoadedApp.load(context)
  await app.withInstallation(async ({ databases: { store, schemas } }) => {
    const check = new ReservationCheck(store, schemas.store)
    const found = await collected((report) => check.verify(report))
    if (!repair || found.summary.differences === 0) {
      answer(context, found, false)
      return
    }
    const { differences } = found.summary
    await confirm(
      `make the table again from history, which changes ${counted(differences, 'value')}?`,
      context,
    )
    answer(context, await collected((report) => check.repair(report)), true)
  })
}

interface Found {
  readonly summary: ReservationSummary
  readonly shown: readonly ReservationDifference[]
}

async function collected(
  run: (report: (difference: ReservationDifference) => void) => Promise<ReservationSummary>,
): Promise<Found> {
  const shown: ReservationDifference[] = []
  const summary = await run((difference) => {
    if (shown.length < MOST_SHOWN) shown.push(difference)
  })
  return { summary, shown }
}

/** Values may be personal: a person at a terminal is shown scopes and streams, a program asks for the values with --json. */
function answer({ terminal, options }: CommandContext, { summary, shown }: Found, repaired: boolean): void {
  const { held, differences } = summary
  terminal.answer({ held, differences, repaired, shown }, () => {
    const result =
      differences === 0
        ? `${counted(held, 'value is', 'values are')} held, and the table agrees with history`
        : `${differences} of ${counted(held, 'value')} ${nounFor(differences, 'differs', 'differ')}${repaired ? '; the table was made again from history' : ''}`
    if (shown.length === 0) return result
    const rows = shown.map(({ scope, kind, inHistory, inTable }) => [
      scope,
      kind,
      inHistory === undefined ? '-' : streamName(inHistory),
      inTable === undefined ? '-' : streamName(inTable),
    ])
    return `${table(['SCOPE', 'DIFFERENCE', 'IN HISTORY', 'IN TABLE'], rows, options)}\n${result}`
  })
  if (differences > 0 && !repaired)
    throw new CliError(
      'DIFFERENT',
      `${counted(differences, 'reservation differs', 'reservations differ')} from history: --repair makes the table again`,
    )
}
