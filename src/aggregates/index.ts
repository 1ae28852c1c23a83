// The write side: aggregates decide on commands, emit events and are made again from them.
export { Aggregate, type AggregateOptions, Applies, Handles, type HandlesOptions } from './decorators.js'
export {
  type AggregateDefinition,
  type AppliedBy,
  defineAggregate,
  type HandledBy,
} from './define-aggregate.js'
export {
  type PreparationContext,
  Preparations,
  type PreparationsOptions,
  Prepares,
  type PreparesOptions,
} from './preparations.js'
export { definePreparations, type PreparationsDefinition } from './define-preparations.js'
export type { StateHolder, StateOf, StateOptions } from './state.js'
export { AggregateRoot, type Decided, replay, takeDecision, takeUncommitted } from './aggregate-root.js'
export type {
  AggregateClass,
  AggregateModel,
  ApplierModel,
  CommandHandlerModel,
  Expectation,
  PreparationModel,
  PreparationsClass,
  PreparationsModel,
  SnapshotFacts,
  SnapshotPolicy,
  StateModel,
  TopicOptions,
} from './aggregate-model.js'
export { aggregateModelFor, aggregateModelOf } from './read-aggregate-model.js'
export { preparationsModelOf } from './read-preparations-model.js'
export type { Context } from './context.js'
