import { once } from 'node:events'
import { Socket } from 'node:net'
import type { Failpoint, Failpoints } from '../../../src/core/ports/failpoints.js'

export const ACTIONS = ['kill', 'pause', 'cut'] as const
export type Action = (typeof ACTIONS)[number]

/** Acts when a step is reached for the n-th time, and at no other. */
export class ArmedFailpoints implements Failpoints {
  readonly #point: Failpoint
  readonly #action: Action
  #left: number

  constructor(point: Failpoint, count: number, action: Action) {
    this.#point = point
    this.#left = count
    this.#action = action
  }

  async reach(point: Failpoint): Promise<void> {
    if (point !== this.#point || --this.#left !== 0) return
    await new Promise((told) => process.send?.('acting', told))
    if (this.#action === 'kill') process.kill(process.pid, 'SIGKILL')
    // The process goes on here when somebody wakes it up.
    if (this.#action === 'pause') process.kill(process.pid, 'SIGSTOP')
    if (this.#action === 'cut') await cutConnections()
  }
}

const sockets = new Set<Socket>()

/** From now on knows the connections that this process makes to servers. */
export function watchConnections(): void {
  const connect = Socket.prototype.connect
  Socket.prototype.connect = function (this: Socket, ...how: Parameters<typeof connect>) {
    sockets.add(this)
    this.once('close', () => sockets.delete(this))
    return connect.apply(this, how)
  } as typeof connect
}

async function cutConnections(): Promise<void> {
  const open = [...sockets].filter(({ destroyed }) => !destroyed)
  const closed = open.map((socket) => once(socket, 'close').catch(() => undefined))
  open.forEach((socket) => socket.resetAndDestroy())
  await Promise.all(closed)
}
