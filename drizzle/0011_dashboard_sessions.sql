ALTER TABLE "sessions" ADD COLUMN "cookie_hash" "bytea";
--> statement-breakpoint
CREATE UNIQUE INDEX "sessions_cookie_hash_key" ON "sessions" USING btree ("cookie_hash") WHERE cookie_hash is not null;
