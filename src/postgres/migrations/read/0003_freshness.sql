-- When the last event before next_offset was recorded in the store: how old what readers see is.
ALTER TABLE checkpoints ADD COLUMN last_recorded_at timestamptz(3);
