-- What a model in full asks of the store: streams that end, commands over several streams, unique values, snapshots.

-- A closed stream takes no more events. The constant default is kept in the catalogue: no row is written for it.
ALTER TABLE streams ADD COLUMN closed boolean NOT NULL DEFAULT false;

-- The further streams of a command that moved several, [{"type", "id", "version"}, …] in its order; else nothing.
ALTER TABLE command_results ADD COLUMN others jsonb;

-- Values that one stream at a time may hold: the primary key is the promise. A row is locked before the events that
-- change it draw their positions, so per value the order of positions is the order of commits, and the table can be
-- made again from the metadata of the events. No index serves that: it is rare, and every append would pay for one.
CREATE TABLE reservations (
  scope       text NOT NULL,
  value       text NOT NULL,
  stream_type text NOT NULL,
  stream_id   text NOT NULL,
  PRIMARY KEY (scope, value)
);

-- The state of an aggregate after one of its events: a shortcut for loading. May be emptied at any time.
CREATE TABLE snapshots (
  stream_type   text           NOT NULL,
  stream_id     text           NOT NULL,
  version       bigint         NOT NULL CHECK (version > 0),
  state_version integer        NOT NULL,
  state         jsonb          NOT NULL,
  taken_at      timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (stream_type, stream_id)
);
