-- Projections that are written in the transaction of the append, by the types of the streams that they read.
CREATE TABLE inline_projections (
  stream_type text NOT NULL,
  projection  text NOT NULL,
  PRIMARY KEY (stream_type, projection)
);

-- Above 1 once there is, or may soon be, a row in that table. A sequence is seen by everybody as soon as it is changed:
-- an append that waited for its order lock reads here what was written meanwhile, which its snapshot does not show.
CREATE SEQUENCE inline_recorded;

-- Refuses an append to these types by a build that knows only some of their inline projections: the others would miss it.
-- A volatile function looks with a snapshot of its own, so that it, too, sees what was committed before it was called.
CREATE FUNCTION require_inline(types text[], known text[]) RETURNS boolean
LANGUAGE plpgsql VOLATILE SET search_path FROM CURRENT AS $$
DECLARE
  missing text;
BEGIN
  SELECT string_agg(DISTINCT projection, ',' ORDER BY projection) INTO missing FROM inline_projections
  WHERE stream_type = ANY(types) AND projection <> ALL(known);
  IF missing IS NOT NULL THEN
    RAISE EXCEPTION 'this build does not know inline projections that read these events'
      USING ERRCODE = 'RPI01', DETAIL = missing;
  END IF;
  RETURN true;
END
$$;
