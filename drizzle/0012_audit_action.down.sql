ALTER TABLE audit.audit_log ADD CONSTRAINT audit_log_action_check CHECK (action IN ('create', 'update', 'delete'));
