-- Roles, users, sessions, and an audit log whose entries hold each other.

-- Keys that were there before may do everything, as before.
ALTER TABLE api_keys ADD COLUMN role TEXT NOT NULL DEFAULT 'administrator';

-- People who sign in. Name, address and second factor are sealed with the master key; the address is found by its keyed hash.
CREATE TABLE users (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    name BYTEA NOT NULL,
    email BYTEA NOT NULL,
    email_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    role TEXT NOT NULL,
    -- Argon2id (PHC string); NULL until the invitation is used.
    password TEXT,
    second_factor BYTEA,
    -- A second factor that its owner has not confirmed yet.
    second_factor_new BYTEA,
    -- The last period of 30 seconds of which a code was used: no code counts twice.
    second_factor_step BIGINT NOT NULL DEFAULT 0,
    created_at TEXT COLLATE "C" NOT NULL,
    disabled_at TEXT
);
CREATE INDEX users_tenant ON users (tenant_id, id);

-- Codes for the loss of the second factor; each goes when it is used.
CREATE TABLE user_recovery_codes (
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (user_id, hash)
);

-- Links by which a person sets a password; each goes when it is used.
CREATE TABLE user_invites (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    expires_at TEXT COLLATE "C" NOT NULL
);

-- Attempts to sign in since the last success, by keyed hash of the address; of unknown addresses, too.
CREATE TABLE sign_in_attempts (
    email_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    locked_until TEXT COLLATE "C",
    updated_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX sign_in_attempts_age ON sign_in_attempts (updated_at);

-- Sessions of the pages; the cookie holds the secret. They go when they end.
DROP TABLE ended_sessions;
CREATE TABLE sessions (
    hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    user_id TEXT COLLATE "C" REFERENCES users (id) ON DELETE CASCADE,
    key_id TEXT COLLATE "C" REFERENCES api_keys (id) ON DELETE CASCADE,
    created_at TEXT COLLATE "C" NOT NULL,
    last_seen_at TEXT COLLATE "C" NOT NULL,
    ends_at TEXT COLLATE "C" NOT NULL,
    address TEXT NOT NULL
);
CREATE INDEX sessions_tenant ON sessions (tenant_id, id);
CREATE INDEX sessions_end ON sessions (ends_at);

-- Who did what to which object, from where; ids only. The hash of an entry covers the entry before it. The head is the newest entry.
DROP TABLE audit_log;
CREATE TABLE audit_entries (
    tenant_id TEXT COLLATE "C" NOT NULL,
    number BIGINT NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL,
    address TEXT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
CREATE INDEX audit_entries_object ON audit_entries (tenant_id, object, number);
CREATE INDEX audit_entries_actor ON audit_entries (tenant_id, actor, number);
CREATE TABLE audit_heads (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    hash TEXT COLLATE "C" NOT NULL
);
