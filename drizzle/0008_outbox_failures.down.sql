-- The code of the time before knows no runs of schedules.
DELETE FROM "outbox" WHERE scheduled AND done_at IS NULL;
--> statement-breakpoint
DROP INDEX "outbox_failed_idx";
--> statement-breakpoint
DROP INDEX "outbox_done_idx";
--> statement-breakpoint
DROP INDEX "outbox_scheduled_key";
--> statement-breakpoint
DROP INDEX "refresh_tokens_expires_at_idx";
--> statement-breakpoint
DROP INDEX "sessions_over_at_idx";
--> statement-breakpoint
DROP INDEX "outbox_open_idx";
--> statement-breakpoint
CREATE INDEX "outbox_open_idx" ON "outbox" USING btree ("id") WHERE done_at is null;
--> statement-breakpoint
ALTER TABLE "outbox" DROP COLUMN "request_id";
--> statement-breakpoint
ALTER TABLE "outbox" DROP COLUMN "scheduled";
--> statement-breakpoint
ALTER TABLE "outbox" DROP COLUMN "attempts";
--> statement-breakpoint
ALTER TABLE "outbox" DROP COLUMN "last_error";
--> statement-breakpoint
ALTER TABLE "outbox" DROP COLUMN "last_stack";
--> statement-breakpoint
ALTER TABLE "outbox" DROP COLUMN "failed_at";
--> statement-breakpoint
ALTER TABLE "outbox" DROP COLUMN "retried_at";
