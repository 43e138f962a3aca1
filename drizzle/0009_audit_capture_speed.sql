-- Writes the same entries in less time, above all on PostgreSQL 15. The id is public.uuid_v7 written out: calling a function
-- that sets its search path took 20 µs a row there. Updates of ignored columns are told without comparing column by column.
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
