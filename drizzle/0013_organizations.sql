CREATE TYPE "public"."organization_role" AS ENUM('org_admin', 'member');
--> statement-breakpoint
CREATE TABLE "invitations" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"organization_id" uuid NOT NULL,
	"email" text NOT NULL,
	"role" "organization_role" NOT NULL,
	"invited_by" uuid,
	"token_hash" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "invitations" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
-- Where one role does everything, it owns the table.
ALTER TABLE "invitations" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE TABLE "memberships" (
	"organization_id" uuid NOT NULL,
	"user_id" uuid NOT NULL,
	"role" "organization_role" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "memberships_organization_id_user_id_pk" PRIMARY KEY("organization_id","user_id")
);
--> statement-breakpoint
ALTER TABLE "memberships" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "memberships" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE TABLE "organizations" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"name" text NOT NULL,
	"slug" text NOT NULL,
	"admin_losses" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "organizations" ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "organizations" FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "invitations" ADD CONSTRAINT "invitations_invited_by_users_id_fk" FOREIGN KEY ("invited_by") REFERENCES "public"."users"("id") ON DELETE set null ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_organization_id_organizations_id_fk" FOREIGN KEY ("organization_id") REFERENCES "public"."organizations"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "memberships" ADD CONSTRAINT "memberships_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_organization_id_email_key" ON "invitations" USING btree ("organization_id","email");
--> statement-breakpoint
CREATE UNIQUE INDEX "invitations_token_hash_key" ON "invitations" USING btree ("token_hash");
--> statement-breakpoint
CREATE INDEX "invitations_invited_by_idx" ON "invitations" USING btree ("invited_by");
--> statement-breakpoint
CREATE INDEX "memberships_user_id_idx" ON "memberships" USING btree ("user_id");
--> statement-breakpoint
CREATE UNIQUE INDEX "organizations_slug_key" ON "organizations" USING btree ("slug");
--> statement-breakpoint
CREATE INDEX "organizations_created_at_idx" ON "organizations" USING btree ("created_at","id");
--> statement-breakpoint
CREATE POLICY "organization_scope" ON "invitations" AS PERMISSIVE FOR ALL TO public USING ("invitations"."organization_id" = (select nullif(split_part(current_setting('app.scope', true), 'organization:', 2), '')::uuid));
--> statement-breakpoint
CREATE POLICY "platform_scope" ON "invitations" AS PERMISSIVE FOR ALL TO public USING ((select current_setting('app.scope', true) = 'platform'));
--> statement-breakpoint
CREATE POLICY "organization_scope" ON "memberships" AS PERMISSIVE FOR ALL TO public USING ("memberships"."organization_id" = (select nullif(split_part(current_setting('app.scope', true), 'organization:', 2), '')::uuid));
--> statement-breakpoint
CREATE POLICY "platform_scope" ON "memberships" AS PERMISSIVE FOR ALL TO public USING ((select current_setting('app.scope', true) = 'platform'));
--> statement-breakpoint
CREATE POLICY "user_scope" ON "memberships" AS PERMISSIVE FOR SELECT TO public USING ("memberships"."user_id" = (select nullif(split_part(current_setting('app.scope', true), 'user:', 2), '')::uuid));
--> statement-breakpoint
CREATE POLICY "organization_scope" ON "organizations" AS PERMISSIVE FOR ALL TO public USING ("organizations"."id" = (select nullif(split_part(current_setting('app.scope', true), 'organization:', 2), '')::uuid));
--> statement-breakpoint
CREATE POLICY "platform_scope" ON "organizations" AS PERMISSIVE FOR ALL TO public USING ((select current_setting('app.scope', true) = 'platform'));
--> statement-breakpoint
CREATE POLICY "user_scope" ON "organizations" AS PERMISSIVE FOR SELECT TO public USING ("organizations"."id" in (select organization_id from memberships where user_id = (select nullif(split_part(current_setting('app.scope', true), 'user:', 2), '')::uuid)));
--> statement-breakpoint
-- Whoever ceases to be an org_admin, by whatever way: a demotion, a removal, a deleted account. The organization's row is
-- written before it is looked who is left: two at once take turns, and where the second cannot see what the first did, it fails.
CREATE FUNCTION keep_an_org_admin() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
  -- Cascades come from wherever, under whatever scope.
  PERFORM set_config('app.scope', 'organization:' || OLD.organization_id, true);
  UPDATE public.organizations SET admin_losses = admin_losses + 1 WHERE id = OLD.organization_id;
  -- With the organization itself its last one may go.
  IF FOUND AND NOT EXISTS (
    SELECT FROM public.memberships WHERE organization_id = OLD.organization_id AND role = 'org_admin'
  ) THEN
    RAISE EXCEPTION 'organization % would be without an org_admin', OLD.organization_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'memberships_last_org_admin';
  END IF;
  PERFORM set_config('app.scope', scope, true);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER org_admin_removed AFTER DELETE ON memberships DEFERRABLE INITIALLY IMMEDIATE
FOR EACH ROW WHEN (OLD.role = 'org_admin') EXECUTE FUNCTION keep_an_org_admin();
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER org_admin_changed AFTER UPDATE ON memberships DEFERRABLE INITIALLY IMMEDIATE
FOR EACH ROW WHEN (OLD.role = 'org_admin' AND (NEW.role <> 'org_admin' OR NEW.organization_id <> OLD.organization_id))
EXECUTE FUNCTION keep_an_org_admin();
