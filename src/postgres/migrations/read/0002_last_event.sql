-- The event at the offset before next_offset: another one in its place tells that the topic was made anew.
ALTER TABLE checkpoints ADD COLUMN last_event_id uuid;
