import { expect, it } from 'vitest'
import { WaitingLanes } from '../../src/projections/waiting-lanes.js'

const lane = (partition: number, next: bigint) => ({ topic: 't', partition, next })
const waits = (partition: number) => ({
  topic: 't',
  partition,
  reason: `reason ${partition}`,
  since: new Date(),
})
const end = [lane(0, 10n), lane(1, 10n)]

it('a replay is not stuck while a lane that has not reached its end may bring what another one lacks', () => {
  const lanes = new WaitingLanes()
  const positions = [lane(0, 4n), lane(1, 7n)]
  lanes.stuckBefore(end, positions)
  for (let look = 0; look < 9; look++) lanes.note(waits(0))

  expect(lanes.stuckBefore(end, positions)).toBeUndefined()
})

it('a replay is stuck when all have looked again after the last of them came to rest, and not before', () => {
  const lanes = new WaitingLanes()
  lanes.stuckBefore(end, [lane(0, 4n), lane(1, 7n)])
  for (let look = 0; look < 9; look++) lanes.note(waits(0))
  const rested = [lane(0, 4n), lane(1, 10n)]

  expect(lanes.stuckBefore(end, rested)).toBeUndefined()
  lanes.note(waits(0))
  expect(lanes.stuckBefore(end, rested)).toBeUndefined()
  lanes.note(waits(0))
  expect(lanes.stuckBefore(end, rested)).toBe('t/0 lacks versions of a stream: reason 0')
})

it('a replay names all that its topics lack, and none of it once a lane has moved', () => {
  const lanes = new WaitingLanes()
  const rested = [lane(0, 4n), lane(1, 7n)]
  lanes.stuckBefore(end, rested)
  const look = (): void => [0, 1].forEach((partition) => lanes.note(waits(partition)))
  look()
  lanes.stuckBefore(end, rested)
  look()
  look()

  expect(lanes.stuckBefore(end, rested)).toBe(
    't/0 lacks versions of a stream: reason 0; t/1 lacks versions of a stream: reason 1',
  )
  expect(lanes.stuckBefore(end, [lane(0, 5n), lane(1, 7n)])).toBeUndefined()
})

it('a replay that has reached its end is not stuck', () => {
  const lanes = new WaitingLanes()
  for (let look = 0; look < 9; look++) lanes.note(waits(0))

  expect(lanes.stuckBefore(end, [lane(0, 10n), lane(1, 10n)])).toBeUndefined()
})
