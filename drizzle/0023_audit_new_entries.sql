-- Entries are written in two steps, because most of what an entry cost its transaction was work that can wait. The
-- trigger keeps what only it knows, in a narrow table without an index, in the transaction of the change. Soon after,
-- audit.move_entries() parses the context, names the changed fields and fills the indexes, for many entries at once.
-- Readers, seals and erasures call it first, so they find every entry. docs/audit.md has a picture.
CREATE TABLE audit.new_entries (
  created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  database_user text NOT NULL DEFAULT session_user,
  table_name text NOT NULL,
  object_id text NOT NULL,
  organization_id uuid,
  operation text NOT NULL,
  -- Changed columns whose states may look the same: those with redacted values.
  redacted_changes text[],
  state_before jsonb,
  state_after jsonb,
  -- As the application sent it, not parsed yet.
  context text
) WITH (autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_insert_threshold = -1);
--> statement-breakpoint
-- One call a statement: the move deletes thousands of rows at once.
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.new_entries
FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.new_entries
FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
-- Of a statement there is no row to return. Only a table without rows is truncated.
CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF (TG_OP <> 'TRUNCATE' OR TG_TABLE_NAME = 'new_entries')
    AND current_setting('audit.maintenance', true) = pg_current_xact_id()::text THEN
    IF TG_LEVEL = 'STATEMENT' THEN RETURN NULL; END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  RAISE EXCEPTION 'audit: % on % is not allowed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
-- A state in the form of the log, in a session with another time zone.
CREATE FUNCTION audit.state_in_utc(changed_row anyelement) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
  SELECT to_jsonb(changed_row)
$$;
--> statement-breakpoint
-- The trigger does not set the time zone any more.
ALTER FUNCTION audit.state_of(anyelement, oid) SET timezone = 'UTC';
--> statement-breakpoint
-- Beyond 2,704 bytes an index takes no key.
CREATE FUNCTION audit.short_key(object_key text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT left(object_key, 100) || '[sha256 ' || encode(sha256(convert_to(object_key, 'UTF8')), 'hex') || ']'
$$;
--> statement-breakpoint
-- Without a context the change came past the application: the client's own name tells where from.
CREATE FUNCTION audit.context_of_client() RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT json_build_object('actor', 'cli:' || coalesce(nullif(current_setting('application_name'), ''), 'unknown'))::text
$$;
--> statement-breakpoint
-- The columns whose states may look the same after a change, for triggers that an older release has installed.
CREATE FUNCTION audit.redacted_columns(secrets jsonb, json_columns text[]) RETURNS text[]
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
  SELECT ARRAY(SELECT jsonb_object_keys(secrets)) || json_columns
$$;
--> statement-breakpoint
-- Writes an entry in the transaction of the change. Every name is qualified, operators too, because the search path is the
-- caller's: a function with settings of its own takes twice as long to call.
-- Arguments: key columns, values that replace secrets, columns to ignore, the organization's column or '', JSON columns,
-- the expression that secret names match, the table's name, columns whose values are redacted in whole or in part.
CREATE OR REPLACE FUNCTION audit.capture() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
  context pg_catalog.text := pg_catalog.current_setting('audit.ctx', true);
  secrets pg_catalog.jsonb := TG_ARGV[1];
  old_state pg_catalog.jsonb;
  new_state pg_catalog.jsonb;
  one_state pg_catalog.jsonb;
  redacted_changes pg_catalog.text[];
  object_key pg_catalog.text;
  name pg_catalog.text;
BEGIN
  BEGIN
    IF pg_catalog.current_setting('TimeZone') OPERATOR(pg_catalog.=) 'UTC' THEN
      IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' THEN old_state := pg_catalog.to_jsonb(OLD); END IF;
      IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN new_state := pg_catalog.to_jsonb(NEW); END IF;
    ELSE
      IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' THEN old_state := audit.state_in_utc(OLD); END IF;
      IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN new_state := audit.state_in_utc(NEW); END IF;
    END IF;
  EXCEPTION WHEN OTHERS THEN
    IF TG_OP OPERATOR(pg_catalog.<>) 'INSERT' THEN old_state := audit.state_of(OLD, TG_RELID); END IF;
    IF TG_OP OPERATOR(pg_catalog.<>) 'DELETE' THEN new_state := audit.state_of(NEW, TG_RELID); END IF;
  END;
  IF TG_OP OPERATOR(pg_catalog.=) 'UPDATE' THEN
    IF TG_ARGV[2] OPERATOR(pg_catalog.<>) '{}'
      AND (old_state OPERATOR(pg_catalog.-) TG_ARGV[2]::pg_catalog.text[])
        OPERATOR(pg_catalog.=) (new_state OPERATOR(pg_catalog.-) TG_ARGV[2]::pg_catalog.text[]) THEN
      RETURN NULL;
    END IF;
    FOREACH name IN ARRAY coalesce(TG_ARGV[7]::pg_catalog.text[],
      audit.redacted_columns(secrets, TG_ARGV[4]::pg_catalog.text[])) LOOP
      IF (old_state OPERATOR(pg_catalog.->) name) OPERATOR(pg_catalog.<>) (new_state OPERATOR(pg_catalog.->) name) THEN
        redacted_changes := pg_catalog.array_append(redacted_changes, name);
      END IF;
    END LOOP;
  END IF;
  one_state := coalesce(old_state, new_state);
  object_key := one_state OPERATOR(pg_catalog.->>) TG_ARGV[0];
  IF object_key IS NULL THEN object_key := coalesce(audit.object_id(one_state, TG_ARGV[0]), '[unknown]'); END IF;
  IF pg_catalog.octet_length(object_key) OPERATOR(pg_catalog.>) 1000 THEN object_key := audit.short_key(object_key); END IF;
  IF TG_ARGV[4] OPERATOR(pg_catalog.<>) '{}' THEN
    old_state := audit.redact_columns(old_state, TG_ARGV[4]::pg_catalog.text[], TG_ARGV[5]);
    new_state := audit.redact_columns(new_state, TG_ARGV[4]::pg_catalog.text[], TG_ARGV[5]);
  END IF;
  IF coalesce(context, '') OPERATOR(pg_catalog.=) '' THEN context := audit.context_of_client(); END IF;
  INSERT INTO audit.new_entries (table_name, object_id, organization_id, operation, redacted_changes, state_before,
    state_after, context)
  VALUES (coalesce(TG_ARGV[6], TG_TABLE_NAME::pg_catalog.text), object_key,
    CASE WHEN TG_ARGV[3] OPERATOR(pg_catalog.<>) ''
      THEN (coalesce(new_state, old_state) OPERATOR(pg_catalog.->>) TG_ARGV[3])::pg_catalog.uuid END,
    TG_OP, redacted_changes, old_state OPERATOR(pg_catalog.||) secrets, new_state OPERATOR(pg_catalog.||) secrets, context);
  RETURN NULL;
END $$;
--> statement-breakpoint
-- True for a context that can become part of an entry as it is.
CREATE FUNCTION audit.is_context(context text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM (context::jsonb ->> 'userId')::uuid, (context::jsonb ->> 'causeId')::uuid;
  -- Beyond 2,704 bytes an index takes no key.
  RETURN octet_length(coalesce(context::jsonb ->> 'requestId', '')) <= 1000;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  RETURN false;
END $$;
--> statement-breakpoint
-- Frees the space of entries that have moved, which each move reads through. It waits for writers, and they for it, so it
-- gives up soon.
CREATE FUNCTION audit.truncate_new_entries() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '20ms' AS $$
BEGIN
  LOCK TABLE audit.new_entries IN ACCESS EXCLUSIVE MODE;
  IF NOT EXISTS (SELECT FROM audit.new_entries) THEN TRUNCATE audit.new_entries; END IF;
EXCEPTION WHEN lock_not_available OR deadlock_detected THEN NULL;
END $$;
--> statement-breakpoint
-- Moves at most so many entries of ended transactions into the log, and returns how many. A caller that waits for another
-- one finds what that one has moved: at "read committed", each statement here has its own snapshot.
CREATE FUNCTION audit.move_entries(most int DEFAULT 10000) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  moved int;
  repaired int;
  oldest xid8;
BEGIN
  IF current_setting('transaction_read_only')::boolean OR pg_relation_size('audit.new_entries') = 0 THEN RETURN 0; END IF;
  PERFORM pg_advisory_xact_lock(hashtext('audit.move_entries'));
  PERFORM set_config('audit.maintenance', pg_current_xact_id()::text, true);
  WITH gone AS (
    DELETE FROM audit.new_entries WHERE ctid = ANY (ARRAY(SELECT ctid FROM audit.new_entries LIMIT most)) RETURNING *
  ), entry AS MATERIALIZED (
    SELECT gone.*, gone.context::jsonb AS cause, (date_part('epoch', created_at) * 1000000)::bigint AS us FROM gone
  ), written AS (
    INSERT INTO audit.audit_log (id, created_at, transaction_id, database_user, actor, user_id, organization_id, request_id,
      table_name, object_id, action, changed, state_before, state_after, method, url, headers, body, args, ip, cause_id)
    SELECT (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000 * 4096 / 1000), 3, '0')
        || substr(gen_random_uuid()::text, 20))::uuid,
      date_trunc('milliseconds', created_at), transaction_id, database_user, coalesce(cause ->> 'actor', 'cli:unknown'),
      (cause ->> 'userId')::uuid, organization_id, cause ->> 'requestId', table_name, object_id,
      CASE operation WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
      CASE operation WHEN 'UPDATE' THEN nullif(ARRAY(SELECT field.key FROM jsonb_each(state_after) AS field
        WHERE field.value IS DISTINCT FROM state_before -> field.key OR field.key = ANY (redacted_changes)), '{}') END,
      state_before, state_after, cause ->> 'method', cause ->> 'url', cause -> 'headers', cause -> 'body', cause -> 'args',
      cause ->> 'ip', (cause ->> 'causeId')::uuid
    FROM entry
    RETURNING transaction_id
  )
  SELECT count(*), min(transaction_id) INTO moved, oldest FROM written;
  -- Not while a transaction is open that is older than these entries: it may be long, and keep the lock.
  IF moved < most AND pg_relation_size('audit.new_entries') > 8000000 AND oldest < pg_snapshot_xmin(pg_current_snapshot()) THEN
    PERFORM audit.truncate_new_entries();
  END IF;
  PERFORM set_config('audit.maintenance', '', true);
  RETURN moved;
EXCEPTION WHEN data_exception OR program_limit_exceeded THEN
  -- A context that the application did not write must not keep the entries of others waiting.
  PERFORM set_config('audit.maintenance', pg_current_xact_id()::text, true);
  UPDATE audit.new_entries SET context = '{"actor": "cli:unknown"}' WHERE NOT audit.is_context(context);
  GET DIAGNOSTICS repaired = ROW_COUNT;
  IF repaired = 0 THEN RAISE; END IF;
  RETURN audit.move_entries(most);
END $$;
--> statement-breakpoint
-- Records requests whose entries have moved.
CREATE FUNCTION audit.record_after_move(batch jsonb) RETURNS SETOF text
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
-- For an older release, which does not move.
CREATE OR REPLACE FUNCTION audit.record_requests(batch jsonb) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
  SELECT audit.move_entries();
  SELECT audit.record_after_move(batch);
$$;
--> statement-breakpoint
-- An older release does not move entries before it seals, so its seals would lack some.
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
  IF NOT coalesce((record.details::jsonb -> 'movedFirst')::boolean, false) THEN
    RAISE EXCEPTION 'audit: only a release that knows audit.new_entries can seal' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO audit.audit_seals SELECT record.*;
END $$;
