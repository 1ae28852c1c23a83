import type { AppModel } from '../app-model.js'
import type { ReplaceableParts } from '../replaceable-parts.js'
import type { Settings } from '../settings.js'
import type { ConsumingApp } from './consuming-app.js'
import { openConsumingInstallation } from './consuming-installation.js'
import { RunningConsumer } from './running-consumer.js'

/** Starts a service that only consumes. */
export async function startConsuming(
  model: AppModel,
  settings: Settings,
  parts: ReplaceableParts,
): Promise<ConsumingApp> {
  const consumer = new RunningConsumer(await openConsumingInstallation(model, settings, parts))
  try {
    await consumer.start()
  } catch (error) {
    await consumer.stop()
    throw error
  }
  return consumer
}
