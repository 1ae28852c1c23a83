import type { Transaction } from 'kysely'
import type { InlineProjections } from '../core/ports/inline-projections.js'
import { ensureInline } from '../projections/ensure-inline.js'
import { AppliedInline } from '../projections/inline-projections.js'
import { declaredBy } from '../projections/postgres/generation-fit.js'
import { inlineFailure } from '../projections/postgres/inline-failure.js'
import { PostgresInlineTargets } from '../projections/postgres/inline-targets.js'
import { requireRecordedInline } from '../projections/postgres/recorded-inline.js'
import type { Installation } from './installation.js'
import { projectionParts } from './projection-parts.js'

/** The inline projections of an app in a process that executes its commands. */
export class InlineAtWork {
  /** What the event store writes. */
  readonly projections: InlineProjections<Transaction<unknown>>
  readonly #installation: Installation

  constructor(installation: Installation) {
    const { model, databases, eventTypes } = installation
    const all = model.projections
      .filter(({ inline }) => inline)
      .map((projection) => projectionParts(installation, projection))
    const declared = new Map(
      all.map(({ model, streamTypes }) => [model.name, declaredBy(model, streamTypes)] as const),
    )
    this.#installation = installation
    this.projections = new AppliedInline({
      projections: all,
      targets: new PostgresInlineTargets(databases.schemas.read, declared),
      eventTypes,
      failureOf: inlineFailure,
    })
  }

  /**
   * Before the first command: each is live afterwards, built from the store where it is new. That is done without
   * `provision` only where the store has no events of it.
   *
   * @throws {@link InlineProjectionUnknown} where this build lacks one, {@link BuildRefused} where one has to be rebuilt
   */
  async start(): Promise<void> {
    const { model, settings, databases } = this.#installation
    const types = model.aggregates.map(({ name }) => name)
    await requireRecordedInline(databases.store, databases.schemas.store, types, this.projections.names)
    for (const projection of model.projections) {
      const parts = projectionParts(this.#installation, projection)
      if (parts.inline !== undefined) await ensureInline(parts, parts.inline, settings.provision)
    }
  }
}
