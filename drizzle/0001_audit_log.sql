-- UUIDv7 (RFC 9562, method 3): 48 bits of milliseconds, 12 bits of the fraction, 62 random bits.
-- PostgreSQL has its own from version 18 on; this one serves 15 to 17 alike.
CREATE FUNCTION uuid_v7(moment timestamptz DEFAULT clock_timestamp()) RETURNS uuid
LANGUAGE sql VOLATILE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT (lpad(to_hex(us / 1000), 12, '0') || '7' || lpad(to_hex(us % 1000 * 4096 / 1000), 3, '0')
    || substr(gen_random_uuid()::text, 20))::uuid
  FROM (SELECT (extract(epoch FROM moment) * 1000000)::bigint AS us) AS clock
$$;
--> statement-breakpoint
-- The smallest UUID of a millisecond: a time becomes a bound for ids.
CREATE FUNCTION uuid_v7_floor(moment timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
$$;
--> statement-breakpoint
CREATE SCHEMA audit;
--> statement-breakpoint
-- Partitioned by its id, whose first bits are the time: one key gives order, pages, look-ups and months.
CREATE TABLE audit.audit_log (
  id uuid PRIMARY KEY,
  created_at timestamptz(3) NOT NULL,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  database_user text NOT NULL DEFAULT session_user,
  actor text NOT NULL,
  user_id uuid,
  organization_id uuid,
  request_id text,
  table_name text NOT NULL,
  object_id text NOT NULL,
  action text NOT NULL CHECK (action IN ('create', 'update', 'delete')),
  changed text[],
  state_before jsonb,
  state_after jsonb,
  method text,
  url text,
  headers jsonb,
  body jsonb,
  args jsonb,
  ip text
) PARTITION BY RANGE (id);
--> statement-breakpoint
CREATE INDEX audit_log_object_idx ON audit.audit_log (table_name, object_id, id);
--> statement-breakpoint
CREATE INDEX audit_log_user_idx ON audit.audit_log (user_id, id) WHERE user_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX audit_log_organization_idx ON audit.audit_log (organization_id, id) WHERE organization_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX audit_log_request_idx ON audit.audit_log (request_id) WHERE request_id IS NOT NULL;
--> statement-breakpoint
-- A forgotten month must not make every write fail.
CREATE TABLE audit.audit_log_default PARTITION OF audit.audit_log DEFAULT;
--> statement-breakpoint
CREATE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'audit: % on % is not allowed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.audit_log
FOR EACH ROW EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.audit_log
FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.audit_log_default
FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
-- Makes the partitions of this month and of the months ahead that are missing; answers how many.
CREATE FUNCTION audit.ensure_partitions(months_ahead int DEFAULT 3) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  first_day timestamptz;
  partition text;
  made int := 0;
BEGIN
  -- Processes that start together take turns.
  PERFORM pg_advisory_xact_lock(hashtext('audit.ensure_partitions'));
  FOR ahead IN 0..months_ahead LOOP
    first_day := date_trunc('month', now()) + make_interval(months => ahead);
    partition := 'audit_log_' || to_char(first_day, 'YYYYMM');
    CONTINUE WHEN to_regclass('audit.' || partition) IS NOT NULL;
    EXECUTE format('CREATE TABLE audit.%I PARTITION OF audit.audit_log FOR VALUES FROM (%L) TO (%L)', partition,
      public.uuid_v7_floor(first_day), public.uuid_v7_floor(first_day + interval '1 month'));
    EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.%I '
      'FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()', partition);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;
--> statement-breakpoint
REVOKE EXECUTE ON FUNCTION audit.ensure_partitions FROM PUBLIC;
--> statement-breakpoint
CREATE FUNCTION audit.object_id(state jsonb, key_columns text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog AS $$
  SELECT string_agg(state ->> name, ':' ORDER BY position)
  FROM unnest(string_to_array(key_columns, ',')) WITH ORDINALITY AS key (name, position)
$$;
--> statement-breakpoint
-- Writes the entry in the transaction of the change itself: bulk, cascade, upsert, raw SQL and psql included.
-- Arguments: key columns, values that replace secrets, columns to ignore, the organization's column or ''.
-- Without a context the change came past the application: the client's own name tells where from.
CREATE FUNCTION audit.capture() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  ctx jsonb := nullif(current_setting('audit.ctx', true), '')::jsonb;
  moment timestamptz := clock_timestamp();
  ignored text[] := TG_ARGV[2]::text[];
  old_state jsonb;
  new_state jsonb;
  changed text[];
BEGIN
  IF TG_OP <> 'INSERT' THEN old_state := to_jsonb(OLD); END IF;
  IF TG_OP <> 'DELETE' THEN new_state := to_jsonb(NEW); END IF;
  IF TG_OP = 'UPDATE' THEN
    SELECT array_agg(field.key) INTO changed FROM jsonb_each(new_state) AS field
    WHERE field.value IS DISTINCT FROM old_state -> field.key;
    IF ignored <> '{}' AND coalesce(changed, '{}') <@ ignored THEN RETURN NULL; END IF;
  END IF;
  INSERT INTO audit.audit_log (id, created_at, actor, user_id, organization_id, request_id, table_name, object_id,
    action, changed, state_before, state_after, method, url, headers, body, args, ip)
  VALUES (public.uuid_v7(moment), date_trunc('milliseconds', moment),
    coalesce(ctx ->> 'actor', 'cli:' || coalesce(nullif(current_setting('application_name'), ''), 'unknown')),
    (ctx ->> 'userId')::uuid,
    CASE WHEN TG_ARGV[3] <> '' THEN (coalesce(new_state, old_state) ->> TG_ARGV[3])::uuid END,
    ctx ->> 'requestId', TG_TABLE_NAME,
    CASE WHEN position(',' IN TG_ARGV[0]) = 0 THEN coalesce(old_state, new_state) ->> TG_ARGV[0]
      ELSE audit.object_id(coalesce(old_state, new_state), TG_ARGV[0]) END,
    CASE TG_OP WHEN 'INSERT' THEN 'create' WHEN 'UPDATE' THEN 'update' ELSE 'delete' END,
    changed, old_state || TG_ARGV[1]::jsonb, new_state || TG_ARGV[1]::jsonb,
    ctx ->> 'method', ctx ->> 'url', ctx -> 'headers', ctx -> 'body', ctx -> 'args', ctx ->> 'ip');
  RETURN NULL;
END $$;
