-- The code of the time before would show organizations that were deleted: their deletion is finished here.
DROP POLICY "not_deleted" ON "organizations" CASCADE;
--> statement-breakpoint
SELECT set_config('app.scope', 'platform', true);
--> statement-breakpoint
DELETE FROM "organizations" WHERE deleted_at IS NOT NULL;
--> statement-breakpoint
SELECT set_config('app.scope', '', true);
--> statement-breakpoint
DELETE FROM "outbox" WHERE job = 'delete-organization' AND done_at IS NULL;
--> statement-breakpoint
DROP POLICY "deletion_scope" ON "organizations" CASCADE;
--> statement-breakpoint
DROP INDEX "organizations_slug_key";
--> statement-breakpoint
CREATE UNIQUE INDEX "organizations_slug_key" ON "organizations" USING btree ("slug");
--> statement-breakpoint
-- As it was before.
CREATE OR REPLACE FUNCTION keep_an_org_admin() RETURNS trigger
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
ALTER TABLE "organizations" DROP COLUMN "deleted_at";
