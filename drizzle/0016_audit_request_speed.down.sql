-- Records as slowly as before.
CREATE OR REPLACE FUNCTION audit.record_requests(batch jsonb) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
  WITH request AS (
    SELECT r.*, (
      SELECT count(*)::int FROM audit.audit_log AS entry WHERE entry.request_id = r.request_id
        -- Clients choose request ids, and may use one again. The clocks of two machines differ.
        AND entry.id >= public.uuid_v7_floor(r.started_at - interval '5 seconds')
    ) AS entries
    FROM jsonb_to_recordset(batch) AS r (id uuid, created_at timestamptz, started_at timestamptz, request_id text,
      actor text, user_id uuid, subject_id uuid, organization_id uuid, event text, outcome text, status smallint,
      duration_ms real, method text, route text, url text, ip text, headers jsonb, body jsonb, args jsonb, rows_changed int)
  ), recorded AS (
    INSERT INTO audit.audit_requests (id, created_at, request_id, actor, user_id, subject_id, organization_id, event,
      outcome, status, duration_ms, method, route, url, ip, headers, body, args, rows_changed, entries)
    SELECT id, created_at, request_id, actor, user_id, subject_id, organization_id, event,
      CASE WHEN rows_changed > entries THEN 'missing_audit' ELSE outcome END, status, duration_ms, method, route, url, ip,
      CASE WHEN entries = 0 THEN headers END, CASE WHEN entries = 0 THEN body END, CASE WHEN entries = 0 THEN args END,
      rows_changed, entries
    FROM request
    ON CONFLICT (id) DO NOTHING
    RETURNING request_id, outcome
  )
  SELECT request_id FROM recorded WHERE outcome = 'missing_audit'
$$;
