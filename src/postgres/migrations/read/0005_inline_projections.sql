-- Projections that are written in the transaction of the append, and so follow no topic.

-- The aggregates whose appends write this generation; null where it follows a topic, or the order of the store.
ALTER TABLE generations ADD COLUMN inline_types text[];

-- The generation that appends write beside the live one: it is level with that, and readers do not see it yet. 0 while
-- it is to be dropped, and appends that may write it still are under way.
-- And live_generation is 0 while the first one of an inline projection is being built.
ALTER TABLE projections ADD COLUMN level_generation integer;
