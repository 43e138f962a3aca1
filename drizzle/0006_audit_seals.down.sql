DROP FUNCTION audit.drop_partition(text, audit.audit_seals);
--> statement-breakpoint
DROP FUNCTION audit.expired_partitions();
--> statement-breakpoint
DROP TABLE audit.audit_retention;
--> statement-breakpoint
DROP FUNCTION audit.append_seal(audit.audit_seals);
--> statement-breakpoint
DROP FUNCTION audit.lock_seals();
--> statement-breakpoint
DROP TABLE audit.audit_seals;
--> statement-breakpoint
DROP INDEX audit.audit_requests_transaction_idx;
--> statement-breakpoint
DROP INDEX audit.audit_log_transaction_idx;
