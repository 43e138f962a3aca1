DROP INDEX "users_hashing_effort_idx";
