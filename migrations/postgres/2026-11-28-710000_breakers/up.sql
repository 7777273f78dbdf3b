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
