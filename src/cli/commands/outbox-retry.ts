import { counted, nounFor } from '../../core/counted.js'
import type { ParkedSelection } from '../../outbox/postgres/index.js'
import { CliError } from '../cli-error.js'
import type { CommandContext } from '../command-context.js'
import { confirm } from '../confirmation.js'
import { deciderOf } from '../letter-selection.js'
import { LoadedApp } from '../loaded-app.js'
import { type OutboxOfSide, outboxesOf, parkedOf, parkedTable } from '../outbox-sides.js'

export interface RetryOutboxOptions {
  readonly topic?: string
  readonly key?: string
  readonly all?: boolean
  readonly by?: string
  readonly dryRun?: boolean
}

/**
 * Shows what would be sent back, and sends it back into the outbox: its relays publish it in its old order. What the log
 * refuses again is parked again.
 *
 * @throws {@link CliError} (`USAGE`) when it is not said which rows
 */
export async function retryOutbox(context: CommandContext, options: RetryOutboxOptions): Promise<void> {
  const selection = selectionOf(options)
  const app = await LoadedApp.load(context)
  await app.withDatabases(false, async (databases) => {
    const selected = (await outboxesOf(databases, app.sides)).map((outbox) => only(outbox, selection))
    const { terminal } = context
    const parked = parkedOf(selected)
    const rows = parked.reduce((sum, group) => sum + group.rows, 0)
    const plan = (): string =>
      rows === 0 ? 'no such rows are parked' : parkedTable(parked, { plain: context.options.plain })
    if (options.dryRun === true || rows === 0) {
      terminal.answer({ dryRun: options.dryRun === true, plan: parked, rows: 0 }, plan)
      return
    }
    terminal.tell({ plan: parked }, plan())
    await confirm(rows === 1 ? 'Publish this row again?' : `Publish these ${rows} rows again?`, context)
    let sent = 0
    for (const { admin, parked: groups } of selected)
      if (groups.length > 0) sent += await admin.retry({ selection, actor: deciderOf(options) })
    terminal.answer(
      { dryRun: false, plan: parked, rows: sent },
      () =>
        `${counted(sent, 'row is', 'rows are')} in the outbox again; reprise outbox status shows whether ${nounFor(sent, 'it is', 'they are')} refused again`,
    )
  })
}

function selectionOf({ topic, key, all = false }: RetryOutboxOptions): ParkedSelection {
  if (all && topic === undefined && key === undefined) return 'all'
  if (!all && topic !== undefined && key !== undefined) return { topic, key }
  throw new CliError('USAGE', 'say which rows: --topic and --key together, or --all for all of them')
}

const only = (outbox: OutboxOfSide, selection: ParkedSelection): OutboxOfSide => ({
  ...outbox,
  parked: outbox.parked.filter(
    ({ topic, key }) => selection === 'all' || (topic === selection.topic && key === selection.key),
  ),
})
