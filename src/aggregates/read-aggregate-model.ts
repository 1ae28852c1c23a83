import { commandFaults, isCommandType } from '../core/command.js'
import {
  classDefinition,
  type DecoratedMethod,
  describeMethod,
  notAClass,
  type ReportFault,
  synchronousMethod,
} from '../core/decorated-method.js'
import type { MethodRecord } from '../core/definition-metadata.js'
import { DefinitionError } from '../core/errors/definition-error.js'
import { type EventType, isEventType } from '../core/event.js'
import { listedEvents } from '../core/listed-events.js'
import { nameFault } from '../core/names.js'
import {
  type AggregateClass,
  type AggregateModel,
  type ApplierModel,
  type CommandHandlerModel,
  type Expectation,
  expectations,
  type TopicOptions,
} from './aggregate-model.js'
import { readState } from './read-state-model.js'

const models = new WeakMap<AggregateClass, AggregateModel>()

/**
 * The model of an aggregate's class, read once.
 *
 * @throws {@link DefinitionError} with every fault of the class
 */
export function aggregateModelFor(aggregateClass: AggregateClass): AggregateModel {
  const known = models.get(aggregateClass)
  if (known !== undefined) return known
  const faults: string[] = []
  const model = aggregateModelOf(aggregateClass, faults)
  if (faults.length > 0) throw new DefinitionError(faults)
  models.set(aggregateClass, model)
  return model
}

/**
 * Turns what is recorded on a class into a model, in one pass. Adds every fault to `faults`; a model with faults is
 * good for finding more of them, and for nothing else.
 */
export function aggregateModelOf(aggregateClass: AggregateClass, faults: string[]): AggregateModel {
  const definition = classDefinition(aggregateClass, 'Aggregate', (fault) => faults.push(fault))
  if (definition === undefined) return emptyModel(aggregateClass)
  const { options, methods } = definition
  const name = typeof options['name'] === 'string' ? options['name'] : aggregateClass.name
  const report = (fault: string) => faults.push(`aggregate ${name}: ${fault}`)

  const fault = nameFault('aggregate', options['name'])
  if (fault !== undefined) report(fault)
  const events = listedEvents(options['events'], report)
  const appliers = new Map<string, ApplierModel>()
  const handlers = new Map<string, CommandHandlerModel>()
  for (const method of methods) {
    const run = synchronousMethod(aggregateClass, method, report)
    if (run === undefined) continue
    if (method.decorator === 'Applies') readApplier(method, run, events, appliers, report)
    else if (method.decorator === 'Handles') readHandler(method, run, handlers, report)
    else report(`${describeMethod(method)} does not belong into an aggregate`)
  }
  for (const type of events.keys()) {
    if (!appliers.has(type)) report(`the event ${type} has no applier: add a method with @Applies(${type})`)
  }
  const topic = readTopic(options['topic'], report)
  return {
    name,
    aggregateClass,
    events,
    appliers,
    handlers,
    topic,
    state: readState(aggregateClass, options, report),
  }
}

function emptyModel(aggregateClass: AggregateClass): AggregateModel {
  return {
    name: aggregateClass.name,
    aggregateClass,
    events: new Map(),
    appliers: new Map(),
    handlers: new Map(),
    topic: {},
    state: undefined,
  }
}

function readApplier(
  method: MethodRecord,
  run: DecoratedMethod,
  events: ReadonlyMap<string, EventType>,
  appliers: Map<string, ApplierModel>,
  report: ReportFault,
): void {
  const event = method.message
  if (!isEventType(event)) {
    report(`${describeMethod(method)} ${notAClass('an event')}`)
  } else if (events.get(event.type) !== event) {
    report(`${describeMethod(method)} is for ${event.type}, which its events do not list`)
  } else if (appliers.has(event.type)) {
    report(`the event ${event.type} has two appliers`)
  } else {
    appliers.set(event.type, { event, method: String(method.method), run })
  }
}

function readHandler(
  method: MethodRecord,
  run: DecoratedMethod,
  handlers: Map<string, CommandHandlerModel>,
  report: ReportFault,
): void {
  const command = method.message
  if (!isCommandType(command)) {
    report(`${describeMethod(method)} ${notAClass('a command')}`)
  } else if (handlers.has(command.type)) {
    report(`the command ${command.type} has two handlers`)
  } else {
    commandFaults(command).forEach(report)
    handlers.set(command.type, {
      command,
      method: String(method.method),
      expect: readExpectation(method, report),
      run,
    })
  }
}

function readExpectation(method: MethodRecord, report: ReportFault): Expectation {
  const { expect = 'streamExists' } = (method.options ?? {}) as { readonly expect?: unknown }
  const known = expectations.find((expectation) => expectation === expect)
  if (known === undefined) report(`${describeMethod(method)} must expect one of ${expectations.join(', ')}`)
  return known ?? 'streamExists'
}

function readTopic(options: unknown, report: ReportFault): TopicOptions {
  const { partitions } = (options ?? {}) as { readonly partitions?: unknown }
  if (partitions === undefined) return {}
  if (typeof partitions === 'number' && Number.isInteger(partitions) && partitions > 0) return { partitions }
  report('topic.partitions must be a whole number above 0')
  return {}
}
