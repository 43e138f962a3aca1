DROP INDEX "organizations_slug_key";
--> statement-breakpoint
ALTER TABLE "organizations" ADD COLUMN "deleted_at" timestamp (3) with time zone;
--> statement-breakpoint
CREATE UNIQUE INDEX "organizations_slug_key" ON "organizations" USING btree ("slug") WHERE deleted_at is null;
--> statement-breakpoint
CREATE POLICY "deletion_scope" ON "organizations" AS PERMISSIVE FOR ALL TO public USING ("organizations"."id" = (select nullif(split_part(current_setting('app.scope', true), 'deletion:', 2), '')::uuid));
--> statement-breakpoint
CREATE POLICY "not_deleted" ON "organizations" AS RESTRICTIVE FOR ALL TO public USING ("organizations"."deleted_at" is null or "organizations"."id" = (select nullif(split_part(current_setting('app.scope', true), 'deletion:', 2), '')::uuid));
--> statement-breakpoint
CREATE OR REPLACE FUNCTION keep_an_org_admin() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  scope text := coalesce(current_setting('app.scope', true), '');
BEGIN
  -- Cascades come from wherever, under whatever scope.
  PERFORM set_config('app.scope', 'organization:' || OLD.organization_id, true);
  UPDATE public.organizations SET admin_losses = admin_losses + 1 WHERE id = OLD.organization_id AND deleted_at IS NULL;
  -- With the organization itself its last one may go, and from one that is being deleted.
  IF FOUND AND NOT EXISTS (
    SELECT FROM public.memberships WHERE organization_id = OLD.organization_id AND role = 'org_admin'
  ) THEN
    RAISE EXCEPTION 'organization % would be without an org_admin', OLD.organization_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'memberships_last_org_admin';
  END IF;
  PERFORM set_config('app.scope', scope, true);
  RETURN NULL;
END $$;
