-- Which builds of a projection may feed a generation of it.

-- keying: by what the events of a generation find their rows, and how they meet there. Rows of two ways would mix.
ALTER TABLE generations
  ADD COLUMN keying text,
  DROP COLUMN accepted_fingerprints;

-- Definitions whose builds may feed a generation: the one that built it, and those that were accepted for it, by somebody
-- or, as a fix of the same version, by themselves. What was live once is remembered when its generation is dropped: that
-- tells an older build from one that is new.
CREATE TABLE builds (
  projection  text           NOT NULL REFERENCES projections ON DELETE CASCADE,
  generation  integer        NOT NULL,
  fingerprint text           NOT NULL,
  accepted_by text,
  since       timestamptz(3) NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (projection, generation, fingerprint)
);
