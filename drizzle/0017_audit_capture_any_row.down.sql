-- As they were before.
CREATE OR REPLACE FUNCTION audit.record_requests(batch jsonb) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
  WITH request AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(batch) AS r (id uuid, created_at timestamptz, started_at timestamptz, request_id text,
      actor text, user_id uuid, subject_id uuid, organization_id uuid, event text, outcome text, status smallint,
      duration_ms real, method text, route text, url text, ip text, headers jsonb, body jsonb, args jsonb, rows_changed int)
  ), entry AS MATERIALIZED (
    SELECT request_id, created_at FROM audit.audit_log
    WHERE request_id = ANY (ARRAY(SELECT request_id FROM request))
      AND id >= public.uuid_v7_floor((SELECT min(started_at) FROM request) - interval '5 seconds')
  ), counted AS (
    SELECT request.id, count(*)::int AS entries FROM request JOIN entry USING (request_id)
    -- Clients choose request ids, and may use one again. The clocks of two machines differ.
    WHERE entry.created_at >= request.started_at - interval '5 seconds'
    GROUP BY request.id
  ), recorded AS (
    INSERT INTO audit.audit_requests (id, created_at, request_id, actor, user_id, subject_id, organization_id, event,
      outcome, status, duration_ms, method, route, url, ip, headers, body, args, rows_changed, entries)
    SELECT id, created_at, request_id, actor, user_id, subject_id, organization_id, event,
      CASE WHEN rows_changed > coalesce(entries, 0) THEN 'missing_audit' ELSE outcome END, status, duration_ms, method, route, url, ip,
      CASE WHEN entries IS NULL THEN headers END, CASE WHEN entries IS NULL THEN body END,
      CASE WHEN entries IS NULL THEN args END, rows_changed, coalesce(entries, 0)
    FROM request LEFT JOIN counted USING (id)
    ON CONFLICT (id) DO NOTHING
    RETURNING request_id, outcome
  )
  SELECT request_id FROM recorded WHERE outcome = 'missing_audit'
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION audit.capture() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  secrets jsonb := TG_ARGV[1];
  ctx jsonb := nullif(current_setting('audit.ctx', true), '')::jsonb;
  moment timestamptz := clock_timestamp();
  us bigint := date_part('epoch', moment) * 1000000;
  entry_id uuid := (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000 * 4096 / 1000), 3, '0')
    || substr(gen_random_uuid()::text, 20))::uuid;
  old_state jsonb;
  new_state jsonb;
  changed text[];
BEGIN
  IF TG_OP <> 'INSERT' THEN old_state := to_jsonb(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN new_state := to_jsonb(NEW); END IF;
  IF TG_OP = 'UPDATE' THEN
    IF TG_ARGV[2] <> '{}' AND old_state - TG_ARGV[2]::text[] = new_state - TG_ARGV[2]::text[] THEN RETURN NULL; END IF;
    changed := nullif(ARRAY(SELECT field.key FROM jsonb_each(new_state) AS field
      WHERE field.value IS DISTINCT FROM old_state -> field.key), '{}');
  END IF;
  INSERT INTO audit.audit_log (id, created_at, actor, user_id, organization_id, request_id, table_name, object_id,
    action, changed, state_before, state_after, method, url, headers, body, args, ip)
  VALUES (entry_id, date_trunc('milliseconds', moment),
    coalesce(ctx ->> 'actor', 'cli:' || coalesce(nullif(current_setting('application_name'), ''), 'unknown')),
    (ctx ->> 'userId')::uuid,
    CASE WHEN TG_ARGV[3] <> '' THEN (coalesce(new_state, old_state) ->> TG_ARGV[3])::uuid END,
    ctx ->> 'requestId', TG_TABLE_NAME,
    CASE WHEN position(',' IN TG_ARGV[0]) = 0 THEN coalesce(old_state, new_state) ->> TG_ARGV[0]
      ELSE audit.object_id(coalesce(old_state, new_state), TG_ARGV[0]) END,
    CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
    changed, old_state || secrets, new_state || secrets,
    ctx ->> 'method', ctx ->> 'url', ctx -> 'headers', ctx -> 'body', ctx -> 'args', ctx ->> 'ip');
  RETURN NULL;
END $$;
--> statement-breakpoint
DROP FUNCTION audit.redact_columns(jsonb, text[], text);
--> statement-breakpoint
DROP FUNCTION audit.redact(jsonb, text, int);
--> statement-breakpoint
DROP FUNCTION audit.state_of(anyelement, oid);
--> statement-breakpoint
DROP FUNCTION audit.value_of(anyelement, bigint);
--> statement-breakpoint
ALTER TABLE audit.audit_requests DROP COLUMN count, DROP COLUMN cause_id;
--> statement-breakpoint
ALTER TABLE audit.audit_log DROP COLUMN cause_id;
