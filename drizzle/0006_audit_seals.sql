-- Seals ask for the rows of a range of transactions. Of all indexes this kind costs a write least.
CREATE INDEX audit_log_transaction_idx ON audit.audit_log USING brin ((transaction_id::text::bigint))
WITH (pages_per_range = 32, autosummarize = on);
--> statement-breakpoint
CREATE INDEX audit_requests_transaction_idx ON audit.audit_requests USING brin ((transaction_id::text::bigint))
WITH (pages_per_range = 32, autosummarize = on);
--> statement-breakpoint
-- A chain of signed records: what was sealed, what was erased since, and which months were dropped.
CREATE TABLE audit.audit_seals (
  number int PRIMARY KEY CHECK (number > 0),
  kind text NOT NULL CHECK (kind IN ('entries', 'erasure', 'drop')),
  -- Every transaction from the first to below the second is over and covered.
  from_transaction bigint NOT NULL,
  to_transaction bigint NOT NULL,
  -- Sorted; those of audit_log come first, and these are so many.
  ids uuid[] NOT NULL,
  log_count int NOT NULL,
  leaves bytea NOT NULL,
  root bytea NOT NULL,
  previous bytea NOT NULL,
  details text NOT NULL,
  key_id text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  signature bytea NOT NULL,
  CHECK (to_transaction >= from_transaction),
  CHECK (octet_length(leaves) = 32 * cardinality(ids) AND log_count BETWEEN 0 AND cardinality(ids)),
  CHECK (octet_length(root) = 32 AND octet_length(previous) = 32 AND octet_length(signature) = 64)
);
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit.audit_seals
FOR EACH ROW EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
CREATE TRIGGER append_only_truncate BEFORE TRUNCATE ON audit.audit_seals
FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse();
--> statement-breakpoint
-- Whoever adds a record holds this lock from before it reads what it seals.
CREATE FUNCTION audit.lock_seals() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
  SELECT pg_advisory_xact_lock(hashtext('audit.seals'))
$$;
--> statement-breakpoint
-- The application's way to seal. Only a verifier can tell whether the signature is right; that the record continues the
-- chain, and covers nothing that can still grow, is checked here.
CREATE FUNCTION audit.append_seal(record audit.audit_seals) RETURNS void
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
-- How many whole months are kept, beside the current one; null for ever. Only the owner can write it.
CREATE TABLE audit.audit_retention (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  months int CHECK (months > 0)
);
--> statement-breakpoint
INSERT INTO audit.audit_retention DEFAULT VALUES;
--> statement-breakpoint
-- The partitions that are older than the months to keep, the oldest first.
CREATE FUNCTION audit.expired_partitions() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' AS $$
  SELECT child.relname::text
  FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid, audit.audit_retention
  WHERE inhparent IN ('audit.audit_log'::regclass, 'audit.audit_requests'::regclass)
    AND child.relname ~ '^audit_(log|requests)_\d{6}$'
    AND to_date(right(child.relname, 6), 'YYYYMM') < date_trunc('month', now()) - make_interval(months => months)
  ORDER BY right(child.relname, 6), child.relname
$$;
--> statement-breakpoint
-- Drops an expired month together with the record that says so. A row whose transaction is not sealed yet keeps it, and
-- so does anything that the record does not say as it is.
-- The lock shuts out writers, for no longer than the catalog takes to change: rather than wait for one it gives up.
CREATE FUNCTION audit.drop_partition(partition text, record audit.audit_seals) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET timezone = 'UTC' SET lock_timeout = '250ms' AS $$
DECLARE
  last audit.audit_seals;
  content jsonb;
  is_sealed boolean;
BEGIN
  PERFORM audit.lock_seals();
  IF partition NOT IN (SELECT audit.expired_partitions()) THEN
    RAISE EXCEPTION 'audit: % is not to be dropped', partition USING ERRCODE = 'insufficient_privilege';
  END IF;
  SELECT * INTO last FROM audit.audit_seals ORDER BY number DESC LIMIT 1;
  EXECUTE format('SELECT coalesce(bool_and(transaction_id::text::bigint < $1), true),
    jsonb_build_object(''partition'', $2, ''rows'', count(*)) FROM audit.%I', partition)
    INTO is_sealed, content USING coalesce(last.to_transaction, 0), partition;
  IF NOT is_sealed THEN
    RAISE EXCEPTION 'audit: % is not wholly sealed', partition USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF record.kind <> 'drop' OR record.number <> coalesce(last.number, 0) + 1 OR cardinality(record.ids) <> 0
    OR record.from_transaction <> coalesce(last.to_transaction, 0) OR record.to_transaction <> record.from_transaction
    OR NOT record.details::jsonb @> content THEN
    RAISE EXCEPTION 'audit: the record does not say what is dropped' USING ERRCODE = 'check_violation';
  END IF;
  INSERT INTO audit.audit_seals SELECT record.*;
  EXECUTE format('DROP TABLE audit.%I', partition);
END $$;
