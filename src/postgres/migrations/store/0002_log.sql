-- The log in Postgres: topics with partitions and gapless offsets. A record points at its event and repeats nothing of it.

CREATE TABLE topics (
  id         integer        GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name       text           NOT NULL UNIQUE,
  partitions integer        NOT NULL CHECK (partitions > 0),
  created_at timestamptz(3) NOT NULL DEFAULT clock_timestamp()
);

-- Locked by whoever appends to the partition until commit: offsets become visible in order and without gaps.
CREATE TABLE topic_partitions (
  topic_id    integer NOT NULL REFERENCES topics ON DELETE CASCADE,
  partition   integer NOT NULL,
  earliest    bigint  NOT NULL DEFAULT 0,
  next_offset bigint  NOT NULL DEFAULT 0 CHECK (next_offset >= earliest),
  PRIMARY KEY (topic_id, partition)
) WITH (fillfactor = 50);

CREATE TABLE topic_records (
  topic_id       integer NOT NULL,
  partition      integer NOT NULL,
  record_offset  bigint  NOT NULL,
  event_position bigint  NOT NULL,
  PRIMARY KEY (topic_id, partition, record_offset)
);
