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
