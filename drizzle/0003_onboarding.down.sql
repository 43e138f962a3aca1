DROP TABLE "mailed_tokens" CASCADE;
--> statement-breakpoint
DROP TABLE "outbox" CASCADE;
--> statement-breakpoint
DROP FUNCTION announce_outbox();
--> statement-breakpoint
DROP TABLE "sign_in_throttles" CASCADE;
--> statement-breakpoint
ALTER TABLE "refresh_tokens" DROP COLUMN "successor_seed";
--> statement-breakpoint
DROP TYPE "public"."mailed_token_purpose";
