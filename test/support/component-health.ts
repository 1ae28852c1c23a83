import type { App, ComponentHealth, ServerHealth } from 'reprise'
import { waitFor } from './wait-for.js'

type OfKind<K> = K extends ServerHealth['kind'] ? ServerHealth : Extract<ComponentHealth, { kind: K }>

/** A component of an app, as it tells it now. */
export async function componentOf<K extends ComponentHealth['kind']>(
  app: App,
  kind: K,
  name: string = kind,
): Promise<OfKind<K>> {
  const { components } = await app.health()
  const found = components.find((it) => it.kind === kind && it.name === name)
  if (found === undefined) throw new Error(`there is no component ${name}`)
  return found as OfKind<K>
}

/** Whether all of an app is well; throws what is not, for whoever waits for it in vain. */
export async function isWell(app: App): Promise<true> {
  const { status, components } = await app.health()
  if (status === 'ok') return true
  const ill = components.filter(({ state }) => state !== 'ok')
  throw new Error(`${status}: ${ill.map(({ name, state }) => `${name} ${state}`).join(', ')}`)
}

/** Not as long as health counts a failure that did not come again (30 s): what is not found well must fail. */
export const becomes = (what: string, holds: () => Promise<boolean>) =>
  waitFor(holds, { what, deadline: 25_000 })
