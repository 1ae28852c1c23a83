-- Topics of other services: what tells their events apart, and which lanes wait for what a topic lacks.

-- Foreign records have no uuid: what tells one from another at its place is any text.
-- waiting: why the lane does not go on, since waiting_since; whoever moves the lane clears both.
ALTER TABLE checkpoints
  ALTER COLUMN last_event_id TYPE text,
  ADD COLUMN waiting       text,
  ADD COLUMN waiting_since timestamptz(3);

-- The store whose events of a stream type were applied first: the versions of another one would pass for its own, from
-- whichever topic they come.
CREATE TABLE contract_stores (
  projection  text    NOT NULL,
  generation  integer NOT NULL,
  stream_type text    NOT NULL,
  store_id    text    NOT NULL,
  PRIMARY KEY (projection, generation, stream_type),
  FOREIGN KEY (projection, generation) REFERENCES generations ON DELETE CASCADE
);

-- Ids of events that no version tells apart, by the times of their records. Pruned when every lane is past the window,
-- and the window is over since they were noted: a topic may hold records with times of long ago.
CREATE TABLE seen_events (
  projection text           NOT NULL,
  generation integer        NOT NULL,
  topic      text           NOT NULL,
  event_id   text           NOT NULL,
  seen_at    timestamptz(3) NOT NULL,
  noted_at   timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (projection, generation, topic, event_id)
);
CREATE INDEX seen_events_by_time ON seen_events (projection, generation, topic, seen_at);

-- The app whose read side this is: a service that only consumes has no store to say so.
CREATE TABLE read_side_settings (
  name  text PRIMARY KEY,
  value text NOT NULL
);
