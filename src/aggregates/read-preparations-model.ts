import { commandFaults, isCommandType } from '../core/command.js'
import {
  classDefinition,
  decoratedMethod,
  describeMethod,
  notAClass,
  type ReportFault,
} from '../core/decorated-method.js'
import type { MethodRecord } from '../core/definition-metadata.js'
import { durationOf } from '../core/duration.js'
import { injectedServices } from '../core/injected-services.js'
import type { PreparationModel, PreparationsClass, PreparationsModel } from './aggregate-model.js'

const defaultTimeout = 5_000
// Timers of Node count with 31 bits, and fire at once beyond them.
const longestTimeout = 2 ** 31 - 1

/**
 * Turns what is recorded on a class of preparing steps into a model, in one pass. Adds every fault to `faults`; a model
 * with faults is good for finding more of them, and for nothing else.
 */
export function preparationsModelOf(
  preparationsClass: PreparationsClass,
  faults: string[],
): PreparationsModel {
  const definition = classDefinition(preparationsClass, 'Preparations', (fault) => faults.push(fault))
  if (definition === undefined) return { preparationsClass, inject: [], steps: [] }
  const { options, methods } = definition
  const report = (fault: string) => faults.push(`preparations ${preparationsClass.name}: ${fault}`)
  const inject = injectedServices(preparationsClass, options['inject'], report)
  const steps = methods
    .map((method) => readStep(preparationsClass, method, report))
    .filter((step) => step !== undefined)
  if (methods.length === 0) report('it prepares no command: add a method with @Prepares')
  return { preparationsClass, inject, steps }
}

function readStep(
  preparationsClass: PreparationsClass,
  method: MethodRecord,
  report: ReportFault,
): PreparationModel | undefined {
  const run = decoratedMethod(preparationsClass, method, report)
  const command = method.message
  if (method.decorator !== 'Prepares') report(`${describeMethod(method)} does not belong into preparations`)
  else if (!isCommandType(command)) report(`${describeMethod(method)} ${notAClass('a command')}`)
  else if (run !== undefined) {
    commandFaults(command).forEach(report)
    return { command, method: String(method.method), timeout: readTimeout(method, report), run }
  }
  return undefined
}

function readTimeout(method: MethodRecord, report: ReportFault): number {
  const { timeout = defaultTimeout } = (method.options ?? {}) as { readonly timeout?: unknown }
  const known = durationOf(timeout)
  if (known !== undefined && known > 0 && known <= longestTimeout) return known
  report(`${describeMethod(method)} must have a timeout above 0, in milliseconds or like '500ms', '2s', '5m'`)
  return defaultTimeout
}
