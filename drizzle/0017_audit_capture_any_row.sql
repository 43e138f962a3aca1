-- A request as the server itself numbers it: clients choose request ids, and may use one again.
ALTER TABLE audit.audit_log ADD COLUMN cause_id uuid;
--> statement-breakpoint
-- How many requests a record stands for, where it is more than one: a flood is summed up.
ALTER TABLE audit.audit_requests ADD COLUMN cause_id uuid, ADD COLUMN count int;
--> statement-breakpoint
-- A value as JSON that jsonb takes, where to_jsonb() fails: NUL and half characters in a json column become U+FFFD, numbers
-- beyond jsonb's range become texts, and what is too long or too deep says how long it is.
CREATE FUNCTION audit.value_of(value anyelement, max_bytes bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  written text;
  cleaned text;
  hash text := '';
BEGIN
  written := to_json(value)::text;
  IF written IS NULL THEN RETURN 'null'; END IF;
  hash := ', sha256 ' || encode(sha256(convert_to(written, 'UTF8')), 'hex');
  IF octet_length(written) <= max_bytes THEN
    -- From here on a backslash begins an escape, and a quotation mark begins or ends a text.
    cleaned := replace(replace(replace(written, '\\', '\u005c'), '\"', '\u0022'), '\u0000', '\ufffd');
    cleaned := regexp_replace(cleaned, '\\u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F][0-9a-fA-F]{2})', '\ufffd', 'g');
    cleaned := regexp_replace(cleaned, '(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F][0-9a-fA-F]{2}', '\ufffd', 'g');
    -- Numbers stand in what is between the texts.
    RETURN (SELECT string_agg(CASE WHEN n % 2 = 0 THEN part ELSE regexp_replace(part, '-?[0-9.]+[eE][+-]?[0-9]{4,}', '"\&"', 'g') END,
        '"' ORDER BY n)
      FROM unnest(string_to_array(cleaned, '"')) WITH ORDINALITY AS piece (part, n))::jsonb;
  END IF;
  RETURN to_jsonb(format('[not stored: %s bytes%s]', octet_length(written), hash));
EXCEPTION WHEN OTHERS THEN
  RETURN to_jsonb(format('[not stored: %s bytes%s]', coalesce(octet_length(written), pg_column_size(value)), hash));
END $$;
--> statement-breakpoint
-- A row whose to_jsonb() fails, column by column. jsonb has room for 256 MB in all.
CREATE FUNCTION audit.state_of(changed_row anyelement, table_id oid) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  max_bytes bigint;
  name text;
  value jsonb;
  state jsonb;
BEGIN
  FOREACH max_bytes IN ARRAY ARRAY[64000000, 64000] LOOP
    BEGIN
      state := '{}';
      FOR name IN SELECT attname FROM pg_attribute WHERE attrelid = table_id AND attnum > 0 AND NOT attisdropped LOOP
        EXECUTE format('SELECT audit.value_of(($1).%I, $2)', name) INTO value USING changed_row, max_bytes;
        state := state || jsonb_build_object(name, value);
      END LOOP;
      RETURN state;
    EXCEPTION WHEN OTHERS THEN NULL;
    END;
  END LOOP;
  RETURN '{}';
END $$;
--> statement-breakpoint
-- JSON without the values of secret fields, at any depth. What may hold one and is larger or deeper than anything that is
-- meant goes as a whole: to look through a megabyte takes seconds.
CREATE FUNCTION audit.redact(value jsonb, secret_name text, depth int DEFAULT 0) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  -- In the text an escape may hide where a name begins.
  IF depth IN (0, 64) AND value::text COLLATE "C" !~ secret_name AND position('\' IN value::text) = 0 THEN RETURN value; END IF;
  IF depth = 64 OR depth = 0 AND octet_length(value::text) > 1000000 THEN RETURN '"[redacted]"'; END IF;
  IF jsonb_typeof(value) = 'object' THEN
    RETURN (SELECT coalesce(jsonb_object_agg(key, CASE WHEN key COLLATE "C" ~ secret_name THEN '"[redacted]"'
        WHEN jsonb_typeof(item) IN ('object', 'array') THEN audit.redact(item, secret_name, depth + 1) ELSE item END), '{}')
      FROM jsonb_each(value) AS field (key, item));
  END IF;
  RETURN (SELECT coalesce(jsonb_agg(CASE WHEN jsonb_typeof(item) IN ('object', 'array')
      THEN audit.redact(item, secret_name, depth + 1) ELSE item END ORDER BY position), '[]')
    FROM jsonb_array_elements(value) WITH ORDINALITY AS element (item, position));
END $$;
--> statement-breakpoint
-- The JSON columns of a state without the secrets in them.
CREATE FUNCTION audit.redact_columns(state jsonb, columns text[], secret_name text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY columns LOOP
    CONTINUE WHEN coalesce(jsonb_typeof(state -> name), '') NOT IN ('object', 'array');
    BEGIN
      state := state || jsonb_build_object(name, audit.redact(state -> name, secret_name));
    EXCEPTION WHEN OTHERS THEN
      state := state || jsonb_build_object(name, '[redacted]');
    END;
  END LOOP;
  RETURN state;
END $$;
--> statement-breakpoint
-- Writes an entry for whatever row the table takes, with the number of the request, and without the secrets in JSON columns.
-- Arguments: key columns, values that replace secrets, columns to ignore, the organization's column or ''; where there are
-- JSON columns, these, and the expression that secret names match.
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
  IF TG_NARGS > 4 THEN
    old_state := audit.redact_columns(old_state, TG_ARGV[4]::text[], TG_ARGV[5]);
    new_state := audit.redact_columns(new_state, TG_ARGV[4]::text[], TG_ARGV[5]);
  END IF;
  INSERT INTO audit.audit_log (id, created_at, actor, user_id, organization_id, request_id, table_name, object_id,
    action, changed, state_before, state_after, method, url, headers, body, args, ip, cause_id)
  VALUES (entry_id, date_trunc('milliseconds', moment),
    coalesce(ctx ->> 'actor', 'cli:' || coalesce(nullif(current_setting('application_name'), ''), 'unknown')),
    (ctx ->> 'userId')::uuid,
    CASE WHEN TG_ARGV[3] <> '' THEN (coalesce(new_state, old_state) ->> TG_ARGV[3])::uuid END,
    ctx ->> 'requestId', TG_TABLE_NAME, coalesce(object_key, '[unknown]'),
    CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
    changed, old_state || secrets, new_state || secrets,
    ctx ->> 'method', ctx ->> 'url', ctx -> 'headers', ctx -> 'body', ctx -> 'args', ctx ->> 'ip', (ctx ->> 'causeId')::uuid);
  RETURN NULL;
END $$;
--> statement-breakpoint
-- The entries of a request are those that carry its number: an older release sends none, neither here nor with its writes.
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
