-- The write side: streams, events, what is still to be published, and what commands were accepted.

CREATE TABLE settings (
  name  text PRIMARY KEY,
  value text NOT NULL
);

-- This store's identity travels with every record it publishes, so that no reader takes another store's versions for ours.
INSERT INTO settings (name, value) VALUES ('store_id', gen_random_uuid()::text);

-- One row per stream: the place where concurrent appends meet. Room in the page keeps its updates off the index.
CREATE TABLE streams (
  type    text   NOT NULL,
  id      text   NOT NULL,
  version bigint NOT NULL CHECK (version >= 0),
  PRIMARY KEY (type, id)
) WITH (fillfactor = 70);

-- The truth. Positions order the store but may have gaps; versions are dense per stream.
-- CACHE 1: a cached block of positions would let version 2 of a stream get a lower position than version 1.
CREATE TABLE events (
  position       bigint         GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  stream_type    text           NOT NULL,
  stream_id      text           NOT NULL,
  version        bigint         NOT NULL CHECK (version > 0),
  event_id       uuid           NOT NULL,
  type           text           NOT NULL,
  schema_version integer        NOT NULL,
  payload        jsonb          NOT NULL,
  metadata       jsonb          NOT NULL,
  occurred_at    timestamptz(3) NOT NULL,
  recorded_at    timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  UNIQUE (stream_type, stream_id, version)
);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events are immutable: % on %.% is refused', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation', HINT = 'append a correcting event instead';
END
$$;

CREATE TRIGGER events_are_immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON events
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- ALWAYS: a session in replica mode must not slip past the trigger.
ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_immutable;

-- Accepted commands, so that a retry is answered with the first outcome.
CREATE TABLE command_results (
  command_id  text           PRIMARY KEY,
  fingerprint text           NOT NULL,
  stream_type text           NOT NULL,
  stream_id   text           NOT NULL,
  version     bigint         NOT NULL,
  recorded_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);

-- What is committed and not yet published: a short-lived work list. Its own id gives the order of publishing per stream.
-- Every row is soon deleted, so the table is vacuumed by rows, not by share, and without pauses.
CREATE TABLE outbox (
  id             bigint   GENERATED ALWAYS AS IDENTITY (CACHE 1) PRIMARY KEY,
  slot           smallint NOT NULL,
  topic          text     NOT NULL,
  key            text     NOT NULL,
  event_position bigint   NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 10000,
        autovacuum_vacuum_cost_delay = 0);

-- Who may publish which slot, by the database's clock. The epoch rises when a slot changes hands and fences the last owner.
CREATE TABLE relay_slots (
  scope      text        NOT NULL,
  item       integer     NOT NULL,
  owner      uuid        NOT NULL,
  epoch      bigint      NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (scope, item)
) WITH (fillfactor = 50);

-- Who is there to take slots, whether or not it holds any: the fair share is the slots divided by the living members.
CREATE TABLE relay_members (
  scope      text        NOT NULL,
  member     uuid        NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (scope, member)
) WITH (fillfactor = 50);
