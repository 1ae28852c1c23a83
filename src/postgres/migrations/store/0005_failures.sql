-- What publishing does with rows that a log refuses, which events are known, and what operators did.

-- Rows that the log refuses for themselves, and the later rows of their keys. They keep their ids: back in the outbox they
-- are in order. reason: of the row that was refused; null for those that only wait behind it.
CREATE TABLE parked_outbox (
  id             bigint         PRIMARY KEY,
  slot           smallint       NOT NULL,
  topic          text           NOT NULL,
  key            text           NOT NULL,
  event_position bigint         NOT NULL,
  reason         text,
  parked_at      timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);
-- By hash, since a key may be too long for a tree: whoever claims asks for each row whether one of its key is parked.
CREATE INDEX parked_outbox_by_key ON parked_outbox USING hash (key);

-- A record of the Postgres log repeats nothing of its event; one that is no event's carries all of itself.
ALTER TABLE topic_records
  ALTER COLUMN event_position DROP NOT NULL,
  ADD COLUMN record_key  text,
  ADD COLUMN headers     jsonb,
  ADD COLUMN value       bytea,
  ADD COLUMN recorded_at timestamptz(3),
  ADD CONSTRAINT topic_records_content CHECK (
    (event_position IS NOT NULL) = (record_key IS NULL AND headers IS NULL AND recorded_at IS NULL));

-- Every event type that a release may write, entered before it writes: a build that meets a type of this table that it
-- does not have knows that a newer one is writing.
CREATE TABLE schemas (
  stream_type    text           NOT NULL,
  event_type     text           NOT NULL,
  schema_version integer        NOT NULL,
  fields         jsonb          NOT NULL,
  entered_at     timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (stream_type, event_type, schema_version)
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

-- Items that a member leaves to the others for a while.
ALTER TABLE relay_members ADD COLUMN declined integer[] NOT NULL DEFAULT '{}';
