-- Bytes that made trouble are rarely large, and then not worth the time that compressing them takes.
ALTER TABLE parked_events ALTER COLUMN value SET STORAGE EXTERNAL;
