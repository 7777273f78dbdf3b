DROP TABLE audit_heads;
DROP TABLE audit_entries;
CREATE TABLE audit_log (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL
);
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, id);
DROP TABLE sessions;
CREATE TABLE ended_sessions (
    id TEXT NOT NULL PRIMARY KEY,
    ends_at TEXT NOT NULL
);
CREATE INDEX ended_sessions_age ON ended_sessions (ends_at);
DROP TABLE sign_in_attempts;
DROP TABLE user_invites;
DROP TABLE user_recovery_codes;
DROP TABLE users;
ALTER TABLE api_keys DROP COLUMN role;
