-- As it was before.
CREATE OR REPLACE FUNCTION audit.capture() RETURNS trigger
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
