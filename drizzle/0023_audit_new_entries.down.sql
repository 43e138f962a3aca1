-- Entries are written in one step again. Writers wait until the new ones have moved.
LOCK TABLE audit.new_entries IN EXCLUSIVE MODE;
--> statement-breakpoint
SELECT audit.move_entries(2147483647);
--> statement-breakpoint
-- Entries of a partition have the name of the table that it is a part of, and those of another schema than public that schema
-- in it. Arguments: key columns, values that replace secrets, columns to ignore, the organization's column or '', JSON columns,
-- the expression that secret names match, the table's name.
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
  object_key text;
BEGIN
  BEGIN
    IF TG_OP <> 'INSERT' THEN old_state := to_jsonb(OLD); END IF;
    IF TG_OP <> 'DELETE' THEN new_state := to_jsonb(NEW); END IF;
  EXCEPTION WHEN OTHERS THEN
    IF TG_OP <> 'INSERT' THEN old_state := audit.state_of(OLD, TG_RELID); END IF;
    IF TG_OP <> 'DELETE' THEN new_state := audit.state_of(NEW, TG_RELID); END IF;
  END;
  IF TG_OP = 'UPDATE' THEN
    IF TG_ARGV[2] <> '{}' AND old_state - TG_ARGV[2]::text[] = new_state - TG_ARGV[2]::text[] THEN RETURN NULL; END IF;
    changed := nullif(ARRAY(SELECT field.key FROM jsonb_each(new_state) AS field
      WHERE field.value IS DISTINCT FROM old_state -> field.key), '{}');
  END IF;
  object_key := CASE WHEN position(',' IN TG_ARGV[0]) = 0 THEN coalesce(old_state, new_state) ->> TG_ARGV[0]
    ELSE audit.object_id(coalesce(old_state, new_state), TG_ARGV[0]) END;
  -- Beyond 2,704 bytes an index takes no key.
  IF octet_length(object_key) > 1000 THEN
    object_key := left(object_key, 100) || '[sha256 ' || encode(sha256(convert_to(object_key, 'UTF8')), 'hex') || ']';
  END IF;
  IF TG_ARGV[4] <> '{}' THEN
    old_state := audit.redact_columns(old_state, TG_ARGV[4]::text[], TG_ARGV[5]);
    new_state := audit.redact_columns(new_state, TG_ARGV[4]::text[], TG_ARGV[5]);
  END IF;
  INSERT INTO audit.audit_log (id, created_at, actor, user_id, organization_id, request_id, table_name, object_id,
    action, changed, state_before, state_after, method, url, headers, body, args, ip, cause_id)
  VALUES (entry_id, date_trunc('milliseconds', moment),
    coalesce(ctx ->> 'actor', 'cli:' || coalesce(nullif(current_setting('application_name'), ''), 'unknown')),
    (ctx ->> 'userId')::uuid,
    CASE WHEN TG_ARGV[3] <> '' THEN (coalesce(new_state, old_state) ->> TG_ARGV[3])::uuid END,
    ctx ->> 'requestId', coalesce(TG_ARGV[6], TG_TABLE_NAME), coalesce(object_key, '[unknown]'),
    CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
    changed, old_state || secrets, new_state || secrets,
    ctx ->> 'method', ctx ->> 'url', ctx -> 'headers', ctx -> 'body', ctx -> 'args', ctx ->> 'ip', (ctx ->> 'causeId')::uuid);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION audit.record_requests(batch jsonb) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
  WITH request AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(batch) AS r (id uuid, created_at timestamptz, started_at timestamptz, request_id text,
      actor text, user_id uuid, subject_id uuid, organization_id uuid, event text, outcome text, status smallint,
      duration_ms real, method text, route text, url text, ip text, headers jsonb, body jsonb, args jsonb, rows_changed int,
      cause_id uuid, count int)
  ), entry AS MATERIALIZED (
    SELECT request_id, cause_id, created_at FROM audit.audit_log
    WHERE request_id = ANY (ARRAY(SELECT request_id FROM request))
      AND id >= public.uuid_v7_floor((SELECT min(started_at) FROM request) - interval '5 seconds')
  ), counted AS (
    SELECT request.id, count(*)::int AS entries FROM request JOIN entry
      ON entry.request_id = request.request_id AND entry.cause_id IS NOT DISTINCT FROM request.cause_id
    -- The clocks of two machines differ.
    WHERE entry.created_at >= request.started_at - interval '5 seconds'
    GROUP BY request.id
  ), recorded AS (
    INSERT INTO audit.audit_requests (id, created_at, request_id, actor, user_id, subject_id, organization_id, event,
      outcome, status, duration_ms, method, route, url, ip, headers, body, args, rows_changed, entries, cause_id, count)
    SELECT id, created_at, request_id, actor, user_id, subject_id, organization_id, event,
      CASE WHEN rows_changed > coalesce(entries, 0) THEN 'missing_audit' ELSE outcome END, status, duration_ms, method, route, url, ip,
      CASE WHEN entries IS NULL THEN headers END, CASE WHEN entries IS NULL THEN body END,
      CASE WHEN entries IS NULL THEN args END, rows_changed, coalesce(entries, 0), cause_id, request.count
    FROM request LEFT JOIN counted USING (id)
    ON CONFLICT (id) DO NOTHING
    RETURNING request_id, outcome
  )
  SELECT request_id FROM recorded WHERE outcome = 'missing_audit'
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION audit.append_seal(record audit.audit_seals) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  last audit.audit_seals;
BEGIN
  PERFORM audit.lock_seals();
  SELECT * INTO last FROM audit.audit_seals ORDER BY number DESC LIMIT 1;
  IF record.kind <> 'entries' OR record.number <> coalesce(last.number, 0) + 1
    OR record.from_transaction <> coalesce(last.to_transaction, 0)
    OR record.to_transaction > pg_snapshot_xmin(pg_current_snapshot())::text::bigint THEN
    RAISE EXCEPTION 'audit: seal % does not continue the chain', record.number USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO audit.audit_seals SELECT record.*;
END $$;
--> statement-breakpoint
DROP FUNCTION audit.record_after_move, audit.move_entries, audit.truncate_new_entries, audit.is_context, audit.redacted_columns, audit.context_of_client, audit.short_key,
  audit.state_in_utc;
--> statement-breakpoint
ALTER FUNCTION audit.state_of(anyelement, oid) RESET timezone;
--> statement-breakpoint
DROP TABLE audit.new_entries;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP <> 'TRUNCATE' AND current_setting('audit.maintenance', true) = pg_current_xact_id()::text THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  RAISE EXCEPTION 'audit: % on % is not allowed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
