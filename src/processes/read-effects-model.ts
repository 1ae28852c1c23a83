import { readAttempts } from '../core/attempts.js'
import {
  classDefinition,
  decoratedMethod,
  describeMethod,
  notAClass,
  type ReportFault,
} from '../core/decorated-method.js'
import type { MethodRecord } from '../core/definition-metadata.js'
import { durationOf } from '../core/duration.js'
import { eventFaults, isEventType } from '../core/event.js'
import { injectedServices } from '../core/injected-services.js'
import { listedSources } from '../core/listed-sources.js'
import { nameFault } from '../core/names.js'
import { type OptionNames, unknownOptions } from '../core/option-names.js'
import type { EffectsOptions } from './decorators.js'
import {
  BEGINNINGS,
  type Beginning,
  type EffectHandlerModel,
  type EffectsClass,
  type EffectsModel,
  LONGEST_EFFECT,
} from './effects-model.js'

const NAMES: OptionNames<EffectsOptions> = {
  name: true,
  from: true,
  begin: true,
  attempts: true,
  timeout: true,
  inject: true,
}

/** With the pauses between them they last for a minute at the least, and about two at the most. */
const DEFAULT_ATTEMPTS = 8
const DEFAULT_TIMEOUT = 10_000

/**
 * Turns what is recorded on a class into a model, in one pass. Adds every fault to `faults`; a model with faults is good for
 * finding more of them, and for nothing else. Undefined for a class that is no class of effects at all.
 */
export function effectsModelOf(effectsClass: EffectsClass, faults: string[]): EffectsModel | undefined {
  const definition = classDefinition(effectsClass, 'Effects', (fault) => faults.push(fault))
  if (definition === undefined) return undefined
  const { options, methods } = definition
  const name = typeof options['name'] === 'string' ? options['name'] : effectsClass.name
  const report = (fault: string) => faults.push(`effects ${name}: ${fault}`)

  const fault = nameFault('effect', options['name'])
  if (fault !== undefined) report(fault)
  for (const unknown of unknownOptions(options, NAMES)) report(`${unknown} is no option of effects`)
  return {
    kind: 'effect',
    name,
    effectsClass,
    inject: injectedServices(effectsClass, options['inject'], report),
    sources: listedSources(options['from'], report),
    begin: readBeginning(options['begin'], report),
    attempts: readAttempts(options['attempts'], report, DEFAULT_ATTEMPTS),
    timeout: readTimeout(options['timeout'], report),
    handlers: readHandlers(effectsClass, methods, report),
  }
}

function readBeginning(begin: unknown, report: ReportFault): Beginning {
  const known = BEGINNINGS.find((it) => it === begin)
  if (begin !== undefined && known === undefined) report(`begin must be one of ${BEGINNINGS.join(', ')}`)
  return known ?? 'now'
}

function readTimeout(timeout: unknown, report: ReportFault): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT
  const known = durationOf(timeout)
  if (known !== undefined && known > 0 && known <= LONGEST_EFFECT) return known
  report(`timeout must be above 0 and at most a minute, in milliseconds or like '500ms', '2s'`)
  return DEFAULT_TIMEOUT
}

function readHandlers(
  effectsClass: EffectsClass,
  methods: readonly MethodRecord[],
  report: ReportFault,
): ReadonlyMap<string, EffectHandlerModel> {
  const handlers = new Map<string, EffectHandlerModel>()
  for (const method of methods) {
    const run = decoratedMethod(effectsClass, method, report)
    const event = method.message
    if (method.decorator !== 'On') {
      report(`${describeMethod(method)} does not belong into effects`)
    } else if (!isEventType(event)) {
      report(`${describeMethod(method)} ${notAClass('an event')}`)
    } else if (handlers.has(event.type)) {
      report(`the event ${event.type} has two handlers`)
    } else if (run !== undefined) {
      eventFaults(event).forEach(report)
      handlers.set(event.type, { event, method: String(method.method), run })
    }
  }
  if (methods.length === 0) report('it acts on no event: add a method with @On')
  return handlers
}
