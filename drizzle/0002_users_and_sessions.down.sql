DROP TABLE "access_revocations" CASCADE;
--> statement-breakpoint
DROP TABLE "refresh_tokens" CASCADE;
--> statement-breakpoint
DROP TABLE "sessions" CASCADE;
--> statement-breakpoint
DROP TABLE "users" CASCADE;
--> statement-breakpoint
DROP FUNCTION revoke_access_of_user();
--> statement-breakpoint
DROP FUNCTION revoke_access_of_session();
--> statement-breakpoint
DROP FUNCTION revoke_access(uuid, user_role);
--> statement-breakpoint
DROP TYPE "public"."user_role";
--> statement-breakpoint
DROP TYPE "public"."user_status";
