import type { Fields, Values } from '../../core/fields/index.js'
import type { TableProjectionInstance, TableProjectionModel } from '../../projections/index.js'
import { refuseAwait } from './assertion.js'
import { envelopesOf, type GivenEvents } from './envelopes.js'
import { foldTwice } from './folding.js'
import { streamTypeOf } from './projection-model-for.js'
import { requireRows } from './rows.js'

/** A class of projections into a table with these columns. */
export type TableProjectionOf<C extends Fields> = (new (
  ...services: never[]
) => TableProjectionInstance<C>) & {
  readonly table: string
}

/** A row as it is expected. An optional column may be left out, undefined or null, which all say the same. */
export type ExpectedRow<C extends Fields> = {
  readonly [K in keyof Values<C>]: undefined extends Values<C>[K] ? Values<C>[K] | null : Values<C>[K]
}

/** What a projection is made with. */
export interface ProjectionOptions {
  /** The services that its constructor takes, in the order of `inject`. */
  readonly services?: readonly unknown[]
}

/** A projection into a table, with events folded into rows; made by {@link given}. */
export class GivenProjection<C extends Fields> {
  /** The rows, in the order in which they came about; what is absent in one has no key. */
  readonly rows: readonly Values<C>[]
  readonly #model: TableProjectionModel

  constructor(model: TableProjectionModel, events: GivenEvents, { services = [] }: ProjectionOptions) {
    const create = (): object => new model.projectionClass(...(services as never[]))
    const envelopes = envelopesOf(events, (event) => streamTypeOf(model, event))
    this.#model = model
    this.rows = foldTwice(model, create, envelopes) as readonly Values<C>[]
  }

  /**
   * Expects these rows and no others, in any order, compared by key and then column by column.
   *
   * @throws an AssertionError that names each row and each column that differs
   */
  then(expected: readonly ExpectedRow<C>[]): void {
    refuseAwait(expected, 'given(…)')
    const { table, key } = this.#model
    requireRows({ table, key: [key], rows: this.rows }, expected)
  }
}
