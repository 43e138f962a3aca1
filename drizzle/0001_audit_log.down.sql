DROP SCHEMA audit CASCADE;
--> statement-breakpoint
DROP FUNCTION uuid_v7_floor(timestamptz);
--> statement-breakpoint
DROP FUNCTION uuid_v7(timestamptz);
