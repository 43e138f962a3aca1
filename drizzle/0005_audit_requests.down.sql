DROP FUNCTION audit.record_requests(jsonb);
--> statement-breakpoint
DROP TABLE audit.audit_requests;
--> statement-breakpoint
DROP FUNCTION audit.make_partition(text, timestamptz);
--> statement-breakpoint
-- As they were before.
CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  RAISE EXCEPTION 'audit: % on % is not allowed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION audit.ensure_partitions(months_ahead int DEFAULT 3) RETURNS int
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
