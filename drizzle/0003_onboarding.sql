CREATE TYPE "public"."mailed_token_purpose" AS ENUM('verify_email', 'reset_password');
--> statement-breakpoint
CREATE TABLE "mailed_tokens" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"user_id" uuid NOT NULL,
	"purpose" "mailed_token_purpose" NOT NULL,
	"email" text NOT NULL,
	"token_hash" "bytea" NOT NULL,
	"key_id" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"id" uuid PRIMARY KEY DEFAULT uuid_v7() NOT NULL,
	"job" text NOT NULL,
	"payload" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"claimed_until" timestamp (3) with time zone,
	"done_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "sign_in_throttles" (
	"address_hash" "bytea" PRIMARY KEY NOT NULL,
	"failures" integer NOT NULL,
	"last_failure_at" timestamp (3) with time zone NOT NULL,
	"blocked_until" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "refresh_tokens" ADD COLUMN "successor_seed" "bytea";
--> statement-breakpoint
ALTER TABLE "mailed_tokens" ADD CONSTRAINT "mailed_tokens_user_id_users_id_fk" FOREIGN KEY ("user_id") REFERENCES "public"."users"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE UNIQUE INDEX "mailed_tokens_user_id_purpose_key" ON "mailed_tokens" USING btree ("user_id","purpose");
--> statement-breakpoint
CREATE UNIQUE INDEX "mailed_tokens_token_hash_key" ON "mailed_tokens" USING btree ("token_hash");
--> statement-breakpoint
CREATE INDEX "outbox_open_idx" ON "outbox" USING btree ("id") WHERE done_at is null;
--> statement-breakpoint
-- Wakes the relay when the transaction commits; however many rows it wrote, it is told once.
CREATE FUNCTION announce_outbox() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  PERFORM pg_notify('outbox', '');
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER outbox_announced AFTER INSERT ON outbox
FOR EACH STATEMENT EXECUTE FUNCTION announce_outbox();
