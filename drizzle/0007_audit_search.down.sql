DROP INDEX audit.audit_log_changed_idx;
--> statement-breakpoint
DROP INDEX audit.audit_log_request_idx;
--> statement-breakpoint
CREATE INDEX audit_log_request_idx ON audit.audit_log (request_id) WHERE request_id IS NOT NULL;
--> statement-breakpoint
DROP INDEX audit.audit_log_object_idx;
--> statement-breakpoint
CREATE INDEX audit_log_object_idx ON audit.audit_log (table_name, object_id, id);
--> statement-breakpoint
DROP INDEX audit.audit_log_table_action_idx;
--> statement-breakpoint
DROP INDEX audit.audit_log_action_idx;
--> statement-breakpoint
DROP INDEX audit.audit_log_table_idx;
