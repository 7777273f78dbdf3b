-- The circuit breaker of a connection whose system fails or refuses; no row: the last answer was good.
CREATE TABLE breakers (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    state TEXT NOT NULL
);

-- Values of secrets before their last change, sealed: they count until their grace period ends.
CREATE TABLE previous_secrets (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value BYTEA NOT NULL,
    ends_at TEXT NOT NULL,
    PRIMARY KEY (connection_id, name)
);

-- Who a candidate is in a connection's system, as a person said it.
CREATE TABLE person_links (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    PRIMARY KEY (connection_id, candidate_ref),
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX person_links_candidate ON person_links (tenant_id, candidate_ref);
