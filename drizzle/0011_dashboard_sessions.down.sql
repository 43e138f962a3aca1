DROP INDEX "sessions_cookie_hash_key";
--> statement-breakpoint
ALTER TABLE "sessions" DROP COLUMN "cookie_hash";
