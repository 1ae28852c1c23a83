import type { App } from './app.js'
import { type AppDefinition, type AppOptions, defineApp, isAppDefinition } from './definition.js'
import { modelOf } from './app-model.js'
import { compose } from './composition.js'
import { openInstallation } from './installation.js'
import { RunningApp } from './running-app.js'
import { settingsFor, type StartOptions } from './settings.js'
import { TOKENS } from './tokens.js'

/** Starts an app; `Reprise.start` is this, loaded when it is first called. */
export async function start(
  definition: AppDefinition | AppOptions,
  options: StartOptions = {},
): Promise<App> {
  const checked = isAppDefinition(definition) ? definition : defineApp(definition)
  const model = modelOf(checked)
  const installation = await openInstallation(model, settingsFor(checked, options))
  const container = compose(installation)
  const app = new RunningApp({
    installation,
    bus: container.get(TOKENS.commandBus),
    relay: container.get(TOKENS.relay),
    runners: container.get(TOKENS.runners),
  })
  try {
    await app.start()
  } catch (error) {
    await app.stop()
    throw error
  }
  return app
}
