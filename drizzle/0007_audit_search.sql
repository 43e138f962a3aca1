-- The entries of a table in order, and the few that are no updates, which alone pay for theirs. Each search can be answered
-- in the order of ids, so each index ends with them.
CREATE INDEX audit_log_table_idx ON audit.audit_log (table_name, id);
--> statement-breakpoint
CREATE INDEX audit_log_action_idx ON audit.audit_log (action, id) WHERE action <> 'update';
--> statement-breakpoint
CREATE INDEX audit_log_table_action_idx ON audit.audit_log (table_name, action, id) WHERE action <> 'update';
--> statement-breakpoint
-- Ids of objects tell them apart by themselves, with or without the table.
DROP INDEX audit.audit_log_object_idx;
--> statement-breakpoint
CREATE INDEX audit_log_object_idx ON audit.audit_log (object_id, id);
--> statement-breakpoint
-- One request may write a hundred thousand entries.
DROP INDEX audit.audit_log_request_idx;
--> statement-breakpoint
CREATE INDEX audit_log_request_idx ON audit.audit_log (request_id, id) WHERE request_id IS NOT NULL;
--> statement-breakpoint
CREATE INDEX audit_log_changed_idx ON audit.audit_log USING gin (changed) WHERE changed IS NOT NULL;
