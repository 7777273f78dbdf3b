-- A person's own page and rights: the link to the page, what the person wrote there, whether sending was stopped; and what is left of an
-- erasure: when, how many rows of what, and which connection has acknowledged it.

-- When the person withdrew the consent to pass their skills on; NULL while it stands.
ALTER TABLE candidates ADD COLUMN sharing_stopped_at TEXT;
CREATE INDEX candidates_stopped ON candidates (tenant_id, id) WHERE sharing_stopped_at IS NOT NULL;

-- Links to the page; token_hash: SHA-256 of the capability in the address.
CREATE TABLE person_pages (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX person_pages_candidate ON person_pages (tenant_id, candidate_ref);

-- What the person wrote or decided on the page. text: sealed with the person's key.
CREATE TABLE person_notes (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    kind TEXT NOT NULL,
    text BYTEA,
    created_at TEXT NOT NULL,
    done_at TEXT,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX person_notes_candidate ON person_notes (tenant_id, candidate_ref);
CREATE INDEX person_notes_open ON person_notes (tenant_id, id) WHERE done_at IS NULL;

-- Erasures that were carried out. refs, events: JSON arrays of the erased references and of the events that tell of them. row_counts: JSON
-- object. Nothing here names the person.
CREATE TABLE erasure_records (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    candidate_ref TEXT NOT NULL,
    refs TEXT NOT NULL,
    events TEXT NOT NULL,
    row_counts TEXT NOT NULL,
    keys BIGINT NOT NULL,
    actor TEXT NOT NULL,
    erased_at TEXT NOT NULL
);
CREATE INDEX erasure_records_tenant ON erasure_records (tenant_id, id);

-- The connections of that moment. received: whether the connection had been sent anything about the person.
CREATE TABLE erasure_tellings (
    erasure_id TEXT NOT NULL REFERENCES erasure_records (id) ON DELETE CASCADE,
    connection_id TEXT NOT NULL,
    name TEXT NOT NULL,
    received BIGINT NOT NULL,
    told_at TEXT,
    acknowledged_at TEXT,
    PRIMARY KEY (erasure_id, connection_id)
);
CREATE INDEX erasure_tellings_open ON erasure_tellings (connection_id) WHERE acknowledged_at IS NULL;
