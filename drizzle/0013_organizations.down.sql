-- The policies go with their tables.
DROP TABLE "invitations" CASCADE;
--> statement-breakpoint
DROP TABLE "memberships" CASCADE;
--> statement-breakpoint
DROP TABLE "organizations" CASCADE;
--> statement-breakpoint
DROP FUNCTION keep_an_org_admin();
--> statement-breakpoint
DROP TYPE "public"."organization_role";
