-- As they were before.
ALTER FUNCTION audit.refuse() SET search_path = pg_catalog;
--> statement-breakpoint
ALTER FUNCTION audit.object_id(jsonb, text) SET search_path = pg_catalog;
--> statement-breakpoint
ALTER FUNCTION announce_outbox() SET search_path = pg_catalog;
--> statement-breakpoint
ALTER FUNCTION uuid_v7_floor(timestamptz) SET search_path = pg_catalog;
--> statement-breakpoint
ALTER FUNCTION uuid_v7(timestamptz) SET search_path = pg_catalog;
