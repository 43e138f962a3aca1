CREATE TABLE "registrations" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"user_id" uuid NOT NULL,
	"password_hash" text NOT NULL,
	"first_name" text NOT NULL,
	"last_name" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
DROP INDEX "mailed_tokens_user_id_purpose_key";
--> statement-breakpoint
-- The accounts of the links that are on their way are as they were.
ALTER TABLE "mailed_tokens" ADD COLUMN "security_version" integer DEFAULT 1 NOT NULL;
--> statement-breakpoint
ALTER TABLE "mailed_tokens" ALTER COLUMN "security_version" DROP DEFAULT;
--> statement-breakpoint
ALTER TABLE "mailed_tokens" ADD COLUMN "registration_id" uuid;
--> statement-breakpoint
ALTER TABLE "mailed_tokens" ADD COLUMN "session_id" uuid;
--> statement-breakpoint
ALTER TABLE "sign_in_throttles" ADD COLUMN "reserved_until" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "users" ADD COLUMN "security_version" integer DEFAULT 1 NOT NULL;
--> statement-breakpoint
ALTER TABLE "registrations" ADD CONSTRAINT "registrations_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "registrations_user_id_created_at_idx" ON "registrations" USING btree ("user_id","created_at");
--> statement-breakpoint
ALTER TABLE "mailed_tokens" ADD CONSTRAINT "mailed_tokens_registration_id_registrations_id_fk" FOREIGN KEY ("registration_id") REFERENCES "public"."registrations"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "mailed_tokens" ADD CONSTRAINT "mailed_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "mailed_tokens_user_id_purpose_idx" ON "mailed_tokens" USING btree ("user_id","purpose");
--> statement-breakpoint
CREATE INDEX "mailed_tokens_registration_id_idx" ON "mailed_tokens" USING btree ("registration_id");
--> statement-breakpoint
CREATE INDEX "mailed_tokens_session_id_idx" ON "mailed_tokens" USING btree ("session_id");
--> statement-breakpoint
-- Which session asked for a new address is not known of these.
DELETE FROM mailed_tokens USING users
WHERE users.id = mailed_tokens.user_id AND mailed_tokens.purpose = 'verify_email' AND mailed_tokens.email <> users.email;
--> statement-breakpoint
-- A password that no mailbox has confirmed is no password of the account.
INSERT INTO registrations (user_id, password_hash, first_name, last_name, created_at)
SELECT id, password_hash, first_name, last_name, created_at FROM users WHERE status = 'pending' AND password_hash IS NOT NULL;
--> statement-breakpoint
UPDATE mailed_tokens SET registration_id = registrations.id FROM registrations
WHERE registrations.user_id = mailed_tokens.user_id AND mailed_tokens.purpose = 'verify_email';
--> statement-breakpoint
UPDATE users SET password_hash = NULL WHERE status = 'pending' AND password_hash IS NOT NULL;
--> statement-breakpoint
-- Whoever writes it, and whatever else the statement says. Only an upgrade of the hash announces itself.
CREATE FUNCTION raise_security_version() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.email <> OLD.email OR NEW.status <> OLD.status
    OR current_setting('app.same_password', true) IS DISTINCT FROM 'on'
  THEN
    NEW.security_version := OLD.security_version + 1;
  END IF;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER user_security_changed BEFORE UPDATE OF email, status, password_hash ON users
FOR EACH ROW WHEN (NEW.email <> OLD.email OR NEW.status <> OLD.status OR NEW.password_hash IS DISTINCT FROM OLD.password_hash)
EXECUTE FUNCTION raise_security_version();
--> statement-breakpoint
-- What was asked for before is void by its version already; here it goes.
CREATE FUNCTION void_deferred_actions() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  DELETE FROM public.mailed_tokens WHERE user_id = NEW.id;
  DELETE FROM public.registrations WHERE user_id = NEW.id;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER user_actions_voided AFTER UPDATE OF email, status, password_hash ON users
FOR EACH ROW WHEN (NEW.security_version <> OLD.security_version) EXECUTE FUNCTION void_deferred_actions();
