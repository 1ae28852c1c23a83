-- What could not be processed, what was decided about it, and who feeds what.

-- taken_offset, takes: how often the lane was taken at one offset without being given back in order or moved on. More than
-- once tells of a record that kills who reads it.
ALTER TABLE checkpoints
  ADD COLUMN taken_offset bigint,
  ADD COLUMN takes        integer NOT NULL DEFAULT 0;

-- fingerprint: of the definition that built the generation; accepted_fingerprints: of others that may feed it as well.
-- log_identity: the log whose offsets its checkpoints are.
ALTER TABLE generations
  ADD COLUMN fingerprint           text,
  ADD COLUMN accepted_fingerprints text[] NOT NULL DEFAULT '{}',
  ADD COLUMN log_identity          text;

-- Who feeds a generation now, from which build: what a plan lists before a swap leaves somebody behind.
CREATE TABLE feeders (
  projection  text           NOT NULL,
  generation  integer        NOT NULL,
  member      uuid           NOT NULL,
  process     text           NOT NULL,
  fingerprint text           NOT NULL,
  since       timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  expires_at  timestamptz    NOT NULL,
  PRIMARY KEY (projection, generation, member),
  FOREIGN KEY (projection, generation) REFERENCES generations ON DELETE CASCADE
) WITH (fillfactor = 50);

-- How often the record at an offset was tried alone: counted, and committed, before each try.
CREATE TABLE attempts (
  projection    text           NOT NULL,
  generation    integer        NOT NULL,
  topic         text           NOT NULL,
  partition     integer        NOT NULL,
  record_offset bigint         NOT NULL,
  attempts      integer        NOT NULL,
  first_at      timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (projection, generation, topic, partition, record_offset),
  FOREIGN KEY (projection, generation) REFERENCES generations ON DELETE CASCADE
);

-- A key whose events wait, from its first letter until its last one is applied or discarded. Its row is locked by whoever
-- adds to the sequence, and by whoever empties it: of the two the second one sees what the first one left.
CREATE TABLE parked_sequences (
  projection   text           NOT NULL,
  generation   integer        NOT NULL,
  sequence_key text           NOT NULL,
  parked_at    timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (projection, generation, sequence_key),
  FOREIGN KEY (projection, generation) REFERENCES generations ON DELETE CASCADE
);

-- Dead letters, in the order of their ids. One without a sequence_key was parked alone, and holds nothing back.
-- error_class 'waiting': nothing is wrong with it but that it comes after a letter of its key.
-- definition: the fingerprint of the build that failed at it last.
CREATE TABLE parked_events (
  id               bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  projection       text           NOT NULL,
  generation       integer        NOT NULL,
  sequence_key     text,
  topic            text           NOT NULL,
  partition        integer        NOT NULL,
  record_offset    bigint         NOT NULL,
  record_key       text           NOT NULL,
  headers          jsonb          NOT NULL,
  value            bytea,
  record_timestamp timestamptz(3) NOT NULL,
  event_id         text,
  stream           text,
  version          bigint,
  type             text,
  error_class      text           NOT NULL CHECK (error_class IN ('contract', 'handler', 'waiting')),
  error_name       text,
  error_message    text,
  error_stack      text,
  fingerprint      text,
  definition       text           NOT NULL,
  attempts         integer        NOT NULL,
  first_failed_at  timestamptz(3) NOT NULL,
  last_failed_at   timestamptz(3) NOT NULL,
  FOREIGN KEY (projection, generation) REFERENCES generations ON DELETE CASCADE
);
CREATE INDEX parked_events_in_sequence ON parked_events (projection, generation, sequence_key, id);
CREATE INDEX parked_events_by_stream ON parked_events (projection, generation, stream, version);

-- Events that were given up for good. By event id, or topic/partition@offset where a record has none, so that a rebuild
-- leaves out what its live generation left out.
CREATE TABLE discards (
  projection   text           NOT NULL,
  event_id     text           NOT NULL,
  reason       text           NOT NULL,
  discarded_by text           NOT NULL,
  discarded_at timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  letter       jsonb          NOT NULL,
  PRIMARY KEY (projection, event_id)
);

-- What operators did to this side, written in the transaction that did it.
CREATE TABLE audit_log (
  id     bigint         GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  actor  text           NOT NULL,
  action text           NOT NULL,
  target jsonb          NOT NULL,
  reason text
);

-- What this side publishes: a work list as the store's, whose rows carry what is to be published.
CREATE TABLE outbox (
  id          bigint         GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  slot        smallint       NOT NULL,
  topic       text           NOT NULL,
  key         text           NOT NULL,
  headers     jsonb          NOT NULL,
  value       bytea,
  recorded_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
        autovacuum_vacuum_cost_delay = 0);

-- Rows that the log refuses for themselves, and the later rows of their keys. They keep their ids: back in the outbox they
-- are in order. reason: of the row that was refused; null for those that only wait behind it.
CREATE TABLE parked_outbox (
  id          bigint         PRIMARY KEY,
  slot        smallint       NOT NULL,
  topic       text           NOT NULL,
  key         text           NOT NULL,
  headers     jsonb          NOT NULL,
  value       bytea,
  recorded_at timestamptz(3) NOT NULL,
  reason      text,
  parked_at   timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
-- By hash, since a key may be too long for a tree: whoever claims asks for each row whether one of its key is parked.
CREATE INDEX parked_outbox_by_key ON parked_outbox USING hash (key);

-- Items that a member leaves to the others for a while.
ALTER TABLE lease_members ADD COLUMN declined integer[] NOT NULL DEFAULT '{}';
