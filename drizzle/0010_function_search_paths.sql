-- A search path that does not name pg_temp begins with it, where types are concerned: a domain uuid in a caller's temporary
-- schema, with a check that calls a function of the caller's, ran that function as whom these run as. The audit functions that
-- run as the owner call some of them, so the application could become the owner.
ALTER FUNCTION uuid_v7(timestamptz) SET search_path = pg_catalog, pg_temp;
--> statement-breakpoint
ALTER FUNCTION uuid_v7_floor(timestamptz) SET search_path = pg_catalog, pg_temp;
--> statement-breakpoint
ALTER FUNCTION announce_outbox() SET search_path = pg_catalog, pg_temp;
--> statement-breakpoint
ALTER FUNCTION audit.object_id(jsonb, text) SET search_path = pg_catalog, pg_temp;
--> statement-breakpoint
ALTER FUNCTION audit.refuse() SET search_path = pg_catalog, pg_temp;
