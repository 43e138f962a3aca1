CREATE INDEX "users_hashing_effort_idx" ON "users" USING btree (substring("password_hash" from '^(?:[$][^$]*){3}'));
