-- The read side: how far each generation of a projection has come, and which one readers see.

-- What readers see of a projection: the live generation. Another one may be building beside it.
CREATE TABLE projections (
  name                text    PRIMARY KEY,
  live_generation     integer NOT NULL,
  building_generation integer
);

-- One build of a projection, with tables in a schema of its own.
CREATE TABLE generations (
  projection       text           NOT NULL REFERENCES projections ON DELETE CASCADE,
  generation       integer        NOT NULL,
  declared_version integer        NOT NULL,
  event_types      text[]         NOT NULL,
  shape            text           NOT NULL,
  schema_name      text           NOT NULL,
  state            text           NOT NULL CHECK (state IN ('running', 'stopped')),
  failure          text,
  created_at       timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (projection, generation)
);

-- The truth about what a generation has applied: moved in the batch's own transaction, by compare-and-set.
-- The epoch rises when a lane changes hands; while held_until lies ahead nothing may move (a swap waits for readers).
CREATE TABLE checkpoints (
  projection  text    NOT NULL,
  generation  integer NOT NULL,
  topic       text    NOT NULL,
  partition   integer NOT NULL,
  next_offset bigint  NOT NULL,
  epoch       bigint  NOT NULL,
  held_until  timestamptz,
  PRIMARY KEY (projection, generation, topic, partition),
  FOREIGN KEY (projection, generation) REFERENCES generations ON DELETE CASCADE
) WITH (fillfactor = 50);

-- The last version applied per stream: what is not above it is a duplicate, what is beyond the next one is missing.
CREATE TABLE guards (
  projection text    NOT NULL,
  generation integer NOT NULL,
  stream     text    NOT NULL,
  version    bigint  NOT NULL,
  PRIMARY KEY (projection, generation, stream)
) WITH (fillfactor = 70);

-- Who may read which partition of the Postgres log, by the database's clock.
CREATE TABLE leases (
  scope      text        NOT NULL,
  item       integer     NOT NULL,
  owner      uuid        NOT NULL,
  epoch      bigint      NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (scope, item)
) WITH (fillfactor = 50);

-- Who is there to take partitions, whether or not it holds any.
CREATE TABLE lease_members (
  scope      text        NOT NULL,
  member     uuid        NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (scope, member)
) WITH (fillfactor = 50);
