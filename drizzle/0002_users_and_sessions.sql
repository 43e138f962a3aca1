CREATE TYPE "public"."user_role" AS ENUM('super_admin', 'user');
--> statement-breakpoint
CREATE TYPE "public"."user_status" AS ENUM('active', 'pending', 'disabled');
--> statement-breakpoint
CREATE TABLE "access_revocations" (
	"subject_id" uuid PRIMARY KEY NOT NULL,
	"role" "user_role",
	"revoked_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "refresh_tokens" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"session_id" uuid NOT NULL,
	"token_hash" "bytea" NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"spent_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"user_id" uuid NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_used_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"ip" text,
	"user_agent" text
);
--> statement-breakpoint
CREATE TABLE "users" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"email" text NOT NULL,
	"password_hash" text,
	"first_name" text NOT NULL,
	"last_name" text NOT NULL,
	"role" "user_role" DEFAULT 'user' NOT NULL,
	"status" "user_status" DEFAULT 'pending' NOT NULL,
	"email_verified_at" timestamp (3) with time zone,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD CONSTRAINT "refresh_tokens_session_id_sessions_id_fk" FOREIGN KEY ("session_id") REFERENCES "public"."sessions"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "sessions" ADD CONSTRAINT "sessions_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "access_revocations_revoked_at_idx" ON "access_revocations" USING btree ("revoked_at");
--> statement-breakpoint
CREATE UNIQUE INDEX "refresh_tokens_token_hash_key" ON "refresh_tokens" USING btree ("token_hash");
--> statement-breakpoint
CREATE INDEX "refresh_tokens_session_id_idx" ON "refresh_tokens" USING btree ("session_id");
--> statement-breakpoint
CREATE INDEX "sessions_user_id_idx" ON "sessions" USING btree ("user_id");
--> statement-breakpoint
CREATE UNIQUE INDEX "users_email_key" ON "users" USING btree ("email");
--> statement-breakpoint
CREATE INDEX "users_created_at_idx" ON "users" USING btree ("created_at","id");

--> statement-breakpoint
-- Every process hears of it when the transaction commits, and finds it in the table when it was not listening.
CREATE FUNCTION revoke_access(subject uuid, required_role user_role DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
  INSERT INTO public.access_revocations (subject_id, role) VALUES (subject, required_role)
  ON CONFLICT (subject_id) DO UPDATE SET role = excluded.role, revoked_at = excluded.revoked_at;
  SELECT pg_notify('access_revoked', concat_ws(':', subject, required_role));
$$;
--> statement-breakpoint
CREATE FUNCTION revoke_access_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM public.revoke_access(OLD.id);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER session_ended AFTER UPDATE OF ended_at ON sessions
FOR EACH ROW WHEN (OLD.ended_at IS NULL AND NEW.ended_at IS NOT NULL) EXECUTE FUNCTION revoke_access_of_session();
--> statement-breakpoint
CREATE TRIGGER session_deleted AFTER DELETE ON sessions
FOR EACH ROW WHEN (OLD.ended_at IS NULL) EXECUTE FUNCTION revoke_access_of_session();
--> statement-breakpoint
CREATE FUNCTION revoke_access_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.role <> OLD.role THEN
    PERFORM public.revoke_access(NEW.id, NEW.role);
  END IF;
  IF NEW.status <> 'active' AND OLD.status = 'active' THEN
    UPDATE public.sessions SET ended_at = now() WHERE user_id = NEW.id AND ended_at IS NULL;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER user_access_changed AFTER UPDATE OF role, status ON users
FOR EACH ROW WHEN (NEW.role <> OLD.role OR NEW.status <> OLD.status) EXECUTE FUNCTION revoke_access_of_user();
