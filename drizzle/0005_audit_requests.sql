-- What became of each request that wanted to change something, and of each that was refused. Entries tell what changed;
-- this tells who tried. Partitioned and append-only like they are.
CREATE TABLE audit.audit_requests (
  id uuid PRIMARY KEY,
  created_at timestamptz(3) NOT NULL,
  transaction_id xid8 NOT NULL DEFAULT pg_current_xact_id(),
  request_id text NOT NULL,
  actor text NOT NULL,
  user_id uuid,
  subject_id uuid,
  organization_id uuid,
  event text,
  outcome text NOT NULL CHECK (outcome IN ('ok', 'rejected', 'denied', 'error', 'aborted', 'missing_audit')),
  status smallint NOT NULL,
  duration_ms real NOT NULL,
  method text NOT NULL,
  route text,
  url text NOT NULL,
  ip text NOT NULL,
  headers jsonb,
  body jsonb,
  args jsonb,
  rows_changed int NOT NULL,
  entries int NOT NULL
) PARTITION BY RANGE (id);
--> statement-breakpoint
CREATE INDEX audit_requests_request_idx ON audit.audit_requests (request_id);
--> statement-breakpoint
CREATE INDEX audit_requests_user_idx ON audit.audit_requests (user_id, id) WHERE user_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX audit_requests_subject_idx ON audit.audit_requests (subject_id, id) WHERE subject_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX audit_requests_organization_idx ON audit.audit_requests (organization_id, id) WHERE organization_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX audit_requests_event_idx ON audit.audit_requests (event, id) WHERE event IS NOT NULL;
--> statement-breakpoint
CREATE INDEX audit_requests_outcome_idx ON audit.audit_requests (outcome, id) WHERE outcome <> 'ok';
--> statement-breakpoint
CREATE TABLE audit.audit_requests_default PARTITION OF audit.audit_requests DEFAULT;
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.audit_requests
FOR EACH ROW EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.audit_requests
FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.audit_requests_default
FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
-- Only the owner of a table may take a row out or change one, and only within a transaction that says so: moving rows to
-- the partition that they belong to, and erasing personal data, are the two reasons.
CREATE OR REPLACE FUNCTION audit.refuse() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP <> 'TRUNCATE' AND current_setting('audit.maintenance', true) = pg_current_xact_id()::text THEN
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
  END IF;
  RAISE EXCEPTION 'audit: % on % is not allowed', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
--> statement-breakpoint
-- Takes a batch of finished requests: objects with the columns' names, and `started_at`. Answers the ids of the requests
-- that changed more rows of audited tables than there are entries: a trigger did not do its work. A request whose entries
-- hold its headers and body does not hold them once more. Sending a batch again changes nothing.
CREATE FUNCTION audit.record_requests(batch jsonb) RETURNS SETOF text
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
--> statement-breakpoint
-- Makes the partition of a month, with the rows of it that found no other place than the default partition meanwhile.
CREATE FUNCTION audit.make_partition(parent text, first_day timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  partition text := parent || '_' || to_char(first_day, 'YYYYMM');
  lower uuid := public.uuid_v7_floor(first_day);
  upper uuid := public.uuid_v7_floor(first_day + interval '1 month');
BEGIN
  IF to_regclass('audit.' || partition) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE audit.%I (LIKE audit.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
  EXECUTE format('LOCK TABLE audit.%I IN ACCESS EXCLUSIVE MODE', parent || '_default');
  PERFORM set_config('audit.maintenance', pg_current_xact_id()::text, true);
  EXECUTE format('WITH moved AS (DELETE FROM audit.%I WHERE id >= %L AND id < %L RETURNING *) INSERT INTO audit.%I SELECT * FROM moved',
    parent || '_default', lower, upper, partition);
  PERFORM set_config('audit.maintenance', '', true);
  EXECUTE format('ALTER TABLE audit.%I ATTACH PARTITION audit.%I FOR VALUES FROM (%L) TO (%L)', parent, partition, lower, upper);
  EXECUTE format('CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.%I FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse()',
    partition);
  RETURN true;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION audit.ensure_partitions(months_ahead int DEFAULT 3) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
DECLARE
  parent text;
  made int := 0;
BEGIN
  -- Processes that start together take turns.
  PERFORM pg_advisory_xact_lock(hashtext('audit.ensure_partitions'));
  FOREACH parent IN ARRAY ARRAY['audit_log', 'audit_requests'] LOOP
    -- Whoever may ask for partitions must not be able to ask for a million of them.
    FOR ahead IN 0..least(months_ahead, 12) LOOP
      IF audit.make_partition(parent, date_trunc('month', now()) + make_interval(months => ahead)) THEN
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;
