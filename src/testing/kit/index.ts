// The test kit: what teams test their aggregates, projections and apps with, in any test runner.
export { given } from './given.js'
export type { AnyAggregate, Decided, GivenAggregate, GivenOptions } from './aggregate-scenario.js'
export type { Aftermath, DeclaredState } from './aftermath.js'
export type { ReservedValue } from './held-values.js'
export type { WhenOptions } from './deciding.js'
export {
  type ErrorClass,
  rejected,
  type Rejection,
  type RejectionExpectation,
  type RejectionFacts,
} from './rejection.js'
export type {
  ExpectedRow,
  GivenProjection,
  ProjectionOptions,
  TableProjectionOf,
} from './projection-scenario.js'
export {
  givenInDatabase,
  type InDatabaseOptions,
  type SqlInDatabase,
  type SqlProjectionOf,
  type TableInDatabase,
} from './in-database.js'
export { type EnvelopeFacts, envelopeOf, type EventsOnStream, type GivenEvents, on } from './envelopes.js'
export { aContext, type ContextFacts, testId } from './context.js'
export { difference } from './difference.js'
export { startTestApp, type TestApp, type TestAppOptions } from './test-app.js'
export { startTestServers, type TestServers, type TestServersOptions } from './test-servers.js'
export type { TestServerOptions } from './test-server.js'
export type { TestBrokerOptions } from './test-broker.js'
