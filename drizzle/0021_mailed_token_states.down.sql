DROP TRIGGER user_actions_voided ON users;
--> statement-breakpoint
DROP TRIGGER user_security_changed ON users;
--> statement-breakpoint
DROP FUNCTION void_deferred_actions();
--> statement-breakpoint
DROP FUNCTION raise_security_version();
--> statement-breakpoint
-- Of several links the older release knows one; and none of what each of them is bound to.
DELETE FROM mailed_tokens;
--> statement-breakpoint
-- The newest registration counts there.
UPDATE users SET password_hash = newest.password_hash FROM (
  SELECT DISTINCT ON (user_id) user_id, password_hash FROM registrations ORDER BY user_id, created_at DESC, id DESC
) AS newest
WHERE newest.user_id = users.id AND users.status = 'pending' AND users.password_hash IS NULL;
--> statement-breakpoint
ALTER TABLE "mailed_tokens" DROP CONSTRAINT "mailed_tokens_registration_id_registrations_id_fk";
--> statement-breakpoint
ALTER TABLE "mailed_tokens" DROP CONSTRAINT "mailed_tokens_session_id_sessions_id_fk";
--> statement-breakpoint
DROP INDEX "mailed_tokens_user_id_purpose_idx";
--> statement-breakpoint
DROP INDEX "mailed_tokens_registration_id_idx";
--> statement-breakpoint
DROP INDEX "mailed_tokens_session_id_idx";
--> statement-breakpoint
CREATE UNIQUE INDEX "mailed_tokens_user_id_purpose_key" ON "mailed_tokens" USING btree ("user_id","purpose");
--> statement-breakpoint
ALTER TABLE "mailed_tokens" DROP COLUMN "security_version";
--> statement-breakpoint
ALTER TABLE "mailed_tokens" DROP COLUMN "registration_id";
--> statement-breakpoint
ALTER TABLE "mailed_tokens" DROP COLUMN "session_id";
--> statement-breakpoint
DROP TABLE "registrations" CASCADE;
--> statement-breakpoint
ALTER TABLE "sign_in_throttles" DROP COLUMN "reserved_until";
--> statement-breakpoint
ALTER TABLE "users" DROP COLUMN "security_version";
