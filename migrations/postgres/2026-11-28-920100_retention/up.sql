-- How long a tenant keeps what, where it differs from the settings; rules: JSON, days by class.
CREATE TABLE retention_rules (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id),
    rules TEXT NOT NULL,
    actor TEXT NOT NULL,
    updated_at TEXT NOT NULL
);

-- When the rules of a tenant are next applied. A process that applies them moves the moment on first, so that no other does it as well.
CREATE TABLE retention_runs (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id),
    next_at TEXT NOT NULL
);

-- What a person was told when they shared something: for which purpose, and until when it is kept.
CREATE TABLE person_purposes (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    purpose TEXT NOT NULL,
    kept_until TEXT NOT NULL,
    created_at TEXT NOT NULL,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX person_purposes_candidate ON person_purposes (tenant_id, candidate_ref);
