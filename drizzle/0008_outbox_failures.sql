DROP INDEX "outbox_open_idx";
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "request_id" text;
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "scheduled" boolean DEFAULT false NOT NULL;
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "attempts" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "last_error" text;
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "last_stack" text;
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "failed_at" timestamp (3) with time zone;
--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "retried_at" timestamp (3) with time zone;
--> statement-breakpoint
CREATE INDEX "outbox_failed_idx" ON "outbox" USING btree ("id") WHERE failed_at is not null;
--> statement-breakpoint
CREATE INDEX "outbox_done_idx" ON "outbox" USING btree ("done_at") WHERE done_at is not null;
--> statement-breakpoint
CREATE UNIQUE INDEX "outbox_scheduled_key" ON "outbox" USING btree ("job") WHERE scheduled and done_at is null;
--> statement-breakpoint
CREATE INDEX "refresh_tokens_expires_at_idx" ON "refresh_tokens" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "sessions_over_at_idx" ON "sessions" USING btree (least("ended_at", "expires_at"));
--> statement-breakpoint
CREATE INDEX "outbox_open_idx" ON "outbox" USING btree ("id") WHERE done_at is null and failed_at is null;
