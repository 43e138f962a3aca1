CREATE TYPE "public"."project_status" AS ENUM('active', 'archived');
--> statement-breakpoint
CREATE TABLE "projects" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"organization_id" uuid NOT NULL,
	"name" text NOT NULL,
	"description" text,
	"status" "project_status" DEFAULT 'active' NOT NULL,
	"created_by" uuid,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "projects" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "projects" ADD CONSTRAINT "projects_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "projects" ADD CONSTRAINT "projects_created_by_users_id_fk" FOREIGN KEY ("created_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "projects_organization_id_idx" ON "projects" USING btree ("organization_id","created_at","id");
--> statement-breakpoint
CREATE INDEX "projects_created_by_idx" ON "projects" USING btree ("created_by");
--> statement-breakpoint
CREATE POLICY "organization_scope" ON "projects" AS PERMISSIVE FOR ALL TO public USING ("projects"."organization_id" = (select nullif(split_part(current_setting('app.scope', true), 'organization:', 2), '')::uuid));
--> statement-breakpoint
CREATE POLICY "platform_scope" ON "projects" AS PERMISSIVE FOR ALL TO public USING ((select current_setting('app.scope', true) = 'platform'));
--> statement-breakpoint
ALTER TABLE "projects" FORCE ROW LEVEL SECURITY;
