CREATE TABLE "mail_counts" (
	"subject_hash" "bytea" PRIMARY KEY NOT NULL,
	"times" timestamp (3) with time zone[] NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
