DROP TABLE audit_heads;
DROP TABLE audit_entries;
CREATE TABLE audit_log (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, id);
DROP TABLE sessions;
CREATE TABLE ended_sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    ends_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX ended_sessions_age ON ended_sessions (ends_at);
DROP TABLE sign_in_attempts;
DROP TABLE user_invites;
DROP TABLE user_recovery_codes;
DROP TABLE users;
ALTER TABLE api_keys DROP COLUMN role;
