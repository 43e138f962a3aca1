DROP TABLE "mail_counts" CASCADE;
