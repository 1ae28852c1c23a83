import type { App } from './app.js'
import { type AppDefinition, type AppOptions, defineApp, isAppDefinition } from './definition.js'
import { modelOf } from './app-model.js'
import { compose } from './composition.js'
import type { ConsumingApp } from './consuming/consuming-app.js'
import { isConsumer } from './consuming/is-consumer.js'
import { openConsumingInstallation } from './consuming/consuming-installation.js'
import { RunningConsumer } from './consuming/running-consumer.js'
import { type Installation, openInstallation } from './installation.js'
import type { ReadInstallation } from './read-installation.js'
import { type ReplaceableParts, shippedParts } from './replaceable-parts.js'
import { RunningApp } from './running-app.js'
import { settingsFor, type StartOptions } from './settings.js'
import { TOKENS } from './tokens.js'

/** Starts an app; `Reprise.start` is this, loaded when it is first called, and always with the shipped parts. */
export async function start(
  definition: AppDefinition | AppOptions,
  options: StartOptions = {},
  parts: ReplaceableParts = shippedParts,
): Promise<App | ConsumingApp> {
  const checked = isAppDefinition(definition) ? definition : defineApp(definition)
  const model = modelOf(checked)
  const settings = settingsFor(checked, options)
  const app = isConsumer(model)
    ? await assembled(await openConsumingInstallation(model, settings, parts), consumerOn)
    : await assembled(await openInstallation(model, settings, parts), appOn)
  try {
    await app.start()
  } catch (error) {
    await app.stop()
    throw error
  }
  return app
}

/** Makes the parts of an app. Making a class of the user's may fail; nothing is at work yet that could be stopped then. */
async function assembled<I extends ReadInstallation, A>(
  installation: I,
  make: (installation: I) => A,
): Promise<A> {
  try {
    return make(installation)
  } catch (error) {
    await installation.close()
    throw error
  }
}

const consumerOn = (installation: ReadInstallation): RunningConsumer => new RunningConsumer(installation)

function appOn(installation: Installation): RunningApp {
  const container = compose(installation)
  return new RunningApp({
    installation,
    history: container.get(TOKENS.storedHistory),
    inline: container.get(TOKENS.inline, { optional: true }),
    bus: container.get(TOKENS.commandBus, { optional: true }),
    relay: container.get(TOKENS.relay, { optional: true }),
  })
}
