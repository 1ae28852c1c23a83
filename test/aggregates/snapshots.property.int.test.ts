import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { AppDefinition } from 'reprise'
import { stateAt } from '../../src/aggregates/time-travel.js'
import { modelOf } from '../../src/app/app-model.js'
import { uniqueName } from '../support/kafka.js'
import { RecordingLogger } from '../support/recording-logger.js'
import { eventsIn } from '../support/store-facts.js'
import { CountTill, PayIn, PayOut, tillsWith } from '../support/tills.js'
import { schemas, useMigratedDatabase, type WriteSide } from '../support/write-side.js'

const database = useMigratedDatabase()

/** What is done to one of three tills. */
interface TillStep {
  readonly kind: 'payIn' | 'payOut' | 'count'
  readonly till: number
  readonly amount: bigint
}

/** What is done to the process that keeps them. */
interface ProcessStep {
  readonly kind: 'restart' | 'raiseVersion' | 'deleteSnapshots'
}

type Step = TillStep | ProcessStep

const till = fc.nat(2)
const amount = fc.bigInt(0n, 20n)
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('payIn' as const), till, amount }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('payOut' as const), till, amount }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('count' as const), till, amount }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('restart', 'raiseVersion', 'deleteSnapshots') }),
  },
)

/** All that can be told of a run from outside. */
interface Observed {
  readonly outcomes: readonly unknown[]
  readonly events: readonly (readonly unknown[])[]
  readonly states: readonly unknown[]
}

describe('snapshots', () => {
  it('change nothing but speed: outcomes, events and states are those without them', async () => {
    let taken = 0
    const everyRun = fc.asyncProperty(
      fc.array(anyStep, { minLength: 8, maxLength: 40 }),
      fc.integer({ min: 1, max: 5 }),
      async (steps, every) => {
        const without = await run(steps, (stateVersion) => tillsWith({ stateVersion }))
        const withThem = await run(steps, (stateVersion) => tillsWith({ stateVersion, snapshots: { every } }))
        taken += await deleteSnapshots()

        expect(withThem).toEqual(without)
      },
    )
    await fc.assert(everyRun, { numRuns: 40 })
    expect(taken).toBeGreaterThan(20)
  })
})

async function run(steps: readonly Step[], appOf: (stateVersion: 1 | 2) => AppDefinition): Promise<Observed> {
  const ids = [0, 1, 2].map((index) => uniqueName(`till-${index}`))
  const logger = new RecordingLogger()
  let app = appOf(1)
  let side = start(app, logger)
  const outcomes: unknown[] = []
  for (const step of steps) {
    if ('till' in step) {
      outcomes.push(await outcomeOf(side, step, ids[step.till] ?? ''))
      continue
    }
    // What is written off the path is there for the process that comes next.
    await side.bus.idle()
    if (step.kind === 'deleteSnapshots') await deleteSnapshots()
    if (step.kind === 'raiseVersion') app = appOf(2)
    side = start(app, logger)
  }
  await side.bus.idle()
  expect(logger.lines).toEqual([])
  return {
    outcomes,
    events: await Promise.all(ids.map(factsOf)),
    states: await statesOf(appOf(1), side, ids),
  }
}

/** A process that keeps one till only, so that most commands load theirs again. */
const start = (app: AppDefinition, logger: RecordingLogger): WriteSide =>
  database.writeSide({ app, logger, capacity: 1, pool: database.pool })

async function outcomeOf({ bus }: WriteSide, step: TillStep, tillId: string): Promise<unknown> {
  try {
    return { version: (await bus.execute(commandOf(step, tillId))).version }
  } catch (error) {
    const { name, message } = error as Error
    return { name, message: message.replaceAll(tillId, 'this one') }
  }
}

function commandOf({ kind, amount }: TillStep, tillId: string) {
  switch (kind) {
    case 'payIn':
      return new PayIn({ tillId, amount })
    case 'payOut':
      return new PayOut({ tillId, amount })
    case 'count':
      return new CountTill({ tillId })
    default:
      return kind satisfies never
  }
}

const factsOf = async (tillId: string) =>
  (await eventsIn(database.pool, tillId)).map(({ version, type, payload }) => ({ version, type, payload }))

async function statesOf(
  app: AppDefinition,
  { store }: WriteSide,
  ids: readonly string[],
): Promise<readonly unknown[]> {
  const [model] = modelOf(app).aggregates
  if (model === undefined) throw new Error('the app has one aggregate')
  const stateOf = async (id: string): Promise<unknown> => {
    try {
      return (await stateAt(store, model, id))?.state
    } catch (error) {
      return (error as Error).name
    }
  }
  return Promise.all(ids.map(stateOf))
}

/** How many there were. */
async function deleteSnapshots(): Promise<number> {
  const { rowCount } = await database.pool.query(`DELETE FROM ${schemas.store}.snapshots`)
  return rowCount ?? 0
}
