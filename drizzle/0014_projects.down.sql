DROP POLICY "organization_scope" ON "projects" CASCADE;
--> statement-breakpoint
DROP POLICY "platform_scope" ON "projects" CASCADE;
--> statement-breakpoint
DROP TABLE "projects" CASCADE;
--> statement-breakpoint
DROP TYPE "public"."project_status";
