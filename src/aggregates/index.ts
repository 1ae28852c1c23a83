// The write side: aggregates decide on commands, emit events and are made again from them.
export { Aggregate, type AggregateOptions, Applies, Handles, type HandlesOptions } from './decorators.js'
export { AggregateRoot, replay, takeUncommitted } from './aggregate-root.js'
export type {
  AggregateClass,
  AggregateModel,
  ApplierModel,
  CommandHandlerModel,
  Expectation,
  TopicOptions,
} from './aggregate-model.js'
export { aggregateModelFor, aggregateModelOf } from './read-aggregate-model.js'
export type { Context } from './context.js'
