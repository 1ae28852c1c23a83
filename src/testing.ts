// The test kit of Reprise: for tests of a team's own domain, in vitest, jest or Node's own runner. No mocks are needed.

// Given what happened, when a command comes, then these events or a rejection; given events, then rows.
export { given, givenInDatabase, rejected } from './testing/kit/index.js'
export type {
  Aftermath,
  AnyAggregate,
  Decided,
  DeclaredState,
  ErrorClass,
  ExpectedRow,
  GivenAggregate,
  GivenOptions,
  GivenProjection,
  InDatabaseOptions,
  ProjectionOptions,
  Rejection,
  RejectionExpectation,
  RejectionFacts,
  ReservedValue,
  SqlInDatabase,
  SqlProjectionOf,
  TableInDatabase,
  TableProjectionOf,
  WhenOptions,
} from './testing/kit/index.js'

// Builders whose values are the same each time.
export { aContext, envelopeOf, on, testId } from './testing/kit/index.js'
export type { ContextFacts, EnvelopeFacts, EventsOnStream, GivenEvents } from './testing/kit/index.js'

// A readable difference, for assertions of one's own.
export { difference } from './testing/kit/index.js'

// A real app on a database of its own.
export { startTestApp, startTestServers } from './testing/kit/index.js'
export type {
  TestApp,
  TestAppOptions,
  TestBrokerOptions,
  TestServerOptions,
  TestServers,
  TestServersOptions,
} from './testing/kit/index.js'
