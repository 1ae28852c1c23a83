-- What acts on the world outside has its checkpoints, guards and letters where projections have theirs.

-- kind: an effect has one generation for good, without tables, and its name is no projection's.
-- acts_from: it acts on events that were recorded then or later; null: on all of them.
ALTER TABLE projections
  ADD COLUMN kind      text NOT NULL DEFAULT 'projection' CHECK (kind IN ('projection', 'effect')),
  ADD COLUMN acts_from timestamptz(3);
