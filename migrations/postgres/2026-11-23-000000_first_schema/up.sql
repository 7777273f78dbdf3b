-- Text sorts by bytes (collation C), as in the other database. Ids are UUIDv7 text; times are RFC 3339 text in UTC with microseconds, always 27 characters, so that text order is
-- time order on both databases; JSON is text; credential bytes are kept exactly as received.

CREATE TABLE tenants (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL
);

CREATE TABLE api_keys (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    name TEXT COLLATE "C" NOT NULL,
    prefix TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL UNIQUE,
    created_at TEXT COLLATE "C" NOT NULL,
    last_used_at TEXT COLLATE "C",
    revoked_at TEXT COLLATE "C"
);
CREATE INDEX api_keys_tenant ON api_keys (tenant_id, id);

-- sequence: number of the last event about the person. employer_ref: 1 when the reference is the employer's own, 0 when the gateway
-- made it.
CREATE TABLE candidates (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    id TEXT COLLATE "C" NOT NULL,
    employer_ref BIGINT NOT NULL,
    sequence BIGINT NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, id)
);

-- The reference of a record that was merged into another one keeps working.
CREATE TABLE candidate_aliases (
    tenant_id TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX candidate_aliases_candidate ON candidate_aliases (tenant_id, candidate_ref);

-- digest: keyed hash of the normalised value, for look-up; value: sealed. kind: email, did, name, or bytes (a person of whom nothing
-- is known but a credential). source: stated (typed by a person), wallet (proven by a signature), credential (said by an issuer).
CREATE TABLE candidate_identities (
    tenant_id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    value BYTEA NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, candidate_ref, digest),
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX candidate_identities_digest ON candidate_identities (tenant_id, digest, created_at);

-- request: sealed description of what the submitter said of the person, kept until the submission is complete.
CREATE TABLE submissions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    channel TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C",
    candidate_ref TEXT COLLATE "C",
    files_done BIGINT NOT NULL,
    files_total BIGINT NOT NULL,
    request BYTEA,
    created_at TEXT COLLATE "C" NOT NULL,
    completed_at TEXT COLLATE "C"
);
CREATE INDEX submissions_tenant ON submissions (tenant_id, id);
CREATE INDEX submissions_candidate ON submissions (tenant_id, candidate_ref);
CREATE INDEX submissions_unfinished ON submissions (id) WHERE state = 'processing';

-- The files as uploaded, kept until they are processed, so that an accepted job survives a kill.
CREATE TABLE submission_uploads (
    submission_id TEXT COLLATE "C" NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    ordinal BIGINT NOT NULL,
    name TEXT COLLATE "C",
    media_type TEXT COLLATE "C",
    bytes BYTEA NOT NULL,
    PRIMARY KEY (submission_id, ordinal)
);

-- One row per file, or per entry of an archive. result: JSON of the file's result without its credentials.
CREATE TABLE submission_files (
    submission_id TEXT COLLATE "C" NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    ordinal BIGINT NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (submission_id, ordinal)
);

-- status is absent for rejected credentials; natural_key, normalized too.
CREATE TABLE credentials (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    candidate_ref TEXT COLLATE "C" NOT NULL,
    submission_id TEXT COLLATE "C" NOT NULL REFERENCES submissions (id),
    name TEXT COLLATE "C" NOT NULL,
    media_type TEXT COLLATE "C" NOT NULL,
    fingerprint TEXT COLLATE "C" NOT NULL,
    natural_key TEXT COLLATE "C",
    outcome TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C",
    valid_from TEXT COLLATE "C",
    valid_until TEXT COLLATE "C",
    next_check_at TEXT COLLATE "C",
    report TEXT COLLATE "C" NOT NULL,
    normalized TEXT COLLATE "C",
    created_at TEXT COLLATE "C" NOT NULL,
    updated_at TEXT COLLATE "C" NOT NULL,
    bytes BYTEA NOT NULL,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX credentials_same_bytes ON credentials (tenant_id, candidate_ref, fingerprint);
CREATE INDEX credentials_fingerprint ON credentials (tenant_id, fingerprint);
CREATE INDEX credentials_tenant ON credentials (tenant_id, id);
CREATE INDEX credentials_candidate ON credentials (tenant_id, candidate_ref, id);
CREATE INDEX credentials_outcome ON credentials (tenant_id, outcome, id);
CREATE INDEX credentials_submission ON credentials (submission_id, tenant_id, id);
CREATE INDEX credentials_natural_key ON credentials (tenant_id, natural_key) WHERE natural_key IS NOT NULL;
CREATE INDEX credentials_expiring ON credentials (valid_until) WHERE status = 'active' AND valid_until IS NOT NULL;
CREATE INDEX credentials_checks_due ON credentials (next_check_at) WHERE next_check_at IS NOT NULL;

-- Which credentials a file held, with what this submission found out about each: another submission of the same bytes may name
-- another person or another address. duplicate: the gateway already had them for the person, and nothing was sent.
CREATE TABLE submission_credentials (
    submission_id TEXT COLLATE "C" NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    file_ordinal BIGINT NOT NULL,
    ordinal BIGINT NOT NULL,
    credential_id TEXT COLLATE "C" NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    duplicate BIGINT NOT NULL,
    report TEXT COLLATE "C" NOT NULL,
    normalized TEXT COLLATE "C",
    PRIMARY KEY (submission_id, file_ordinal, ordinal)
);
CREATE INDEX submission_credentials_credential ON submission_credentials (credential_id);

CREATE TABLE skills (
    credential_id TEXT COLLATE "C" NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    assertion_id TEXT COLLATE "C" NOT NULL,
    tenant_id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    mapping_status TEXT COLLATE "C" NOT NULL,
    label TEXT COLLATE "C" NOT NULL,
    concept_uri TEXT COLLATE "C",
    assertion TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (credential_id, assertion_id)
);
CREATE INDEX skills_candidate ON skills (tenant_id, candidate_ref, status);
CREATE INDEX skills_mapping ON skills (tenant_id, mapping_status, assertion_id);

-- The outbox. position: order of commit. relayed_until: a relay works on the row until then.
CREATE TABLE events (
    position BIGSERIAL PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    tenant_id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    event_type TEXT COLLATE "C" NOT NULL,
    outcome TEXT COLLATE "C",
    body TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    relayed_until TEXT COLLATE "C",
    published_at TEXT COLLATE "C"
);
CREATE INDEX events_tenant ON events (tenant_id, position);
CREATE INDEX events_candidate ON events (tenant_id, candidate_ref);
CREATE INDEX events_unpublished ON events (position) WHERE published_at IS NULL;

CREATE TABLE connections (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    connector TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    fields TEXT COLLATE "C" NOT NULL,
    mapping TEXT COLLATE "C" NOT NULL,
    event_types TEXT COLLATE "C" NOT NULL,
    outcomes TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    paused_reason TEXT COLLATE "C",
    created_at TEXT COLLATE "C" NOT NULL,
    updated_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX connections_tenant ON connections (tenant_id, id);
CREATE INDEX connections_state ON connections (state, id);

CREATE TABLE connection_secrets (
    connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (connection_id, name)
);

-- candidate_ref, position: of the event, so that a person's next event for the connection is found without a join.
CREATE TABLE deliveries (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    event_id TEXT COLLATE "C" NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    position BIGINT NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    attempts BIGINT NOT NULL,
    next_attempt_at TEXT COLLATE "C",
    reason TEXT COLLATE "C",
    message TEXT COLLATE "C",
    created_at TEXT COLLATE "C" NOT NULL,
    updated_at TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX deliveries_once ON deliveries (connection_id, event_id);
CREATE INDEX deliveries_event ON deliveries (event_id, tenant_id, id);
CREATE INDEX deliveries_tenant ON deliveries (tenant_id, id);
CREATE INDEX deliveries_state ON deliveries (tenant_id, state, id);
CREATE INDEX deliveries_waiting ON deliveries (connection_id, candidate_ref, position) WHERE state = 'pending';

-- The events about one person that wait for one connection, delivered in order by one worker at a time. The row is there
-- as long as a delivery waits. look_at: when a relay must tell the workers of it; hinted: 1 while a message that does so is
-- expected to be in the queue. holder, leased_until: the worker that delivers, and until when it must have said that it lives.
CREATE TABLE lanes (
    connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    look_at TEXT COLLATE "C" NOT NULL,
    hinted BIGINT NOT NULL,
    holder TEXT COLLATE "C",
    leased_until TEXT COLLATE "C",
    PRIMARY KEY (connection_id, candidate_ref)
);
CREATE INDEX lanes_due ON lanes (connection_id, look_at);

CREATE TABLE attempts (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    delivery_id TEXT COLLATE "C" NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    started_at TEXT COLLATE "C" NOT NULL,
    finished_at TEXT COLLATE "C" NOT NULL,
    result TEXT COLLATE "C" NOT NULL,
    reason TEXT COLLATE "C",
    message TEXT COLLATE "C",
    calls TEXT COLLATE "C" NOT NULL
);
CREATE UNIQUE INDEX attempts_number ON attempts (delivery_id, number);

-- What is known of one write of one step for one event. No reference to the event: it outlives an erased person,
-- and holds nothing of them.
CREATE TABLE ledger (
    connection_id TEXT COLLATE "C" NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    event_id TEXT COLLATE "C" NOT NULL,
    step TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    remote_id TEXT COLLATE "C",
    request_digest TEXT COLLATE "C" NOT NULL,
    updated_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (connection_id, event_id, step)
);

CREATE TABLE idempotency_keys (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    key TEXT COLLATE "C" NOT NULL,
    request_hash TEXT COLLATE "C" NOT NULL,
    submission_id TEXT COLLATE "C" NOT NULL REFERENCES submissions (id) ON DELETE CASCADE,
    created_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, key)
);
CREATE INDEX idempotency_keys_age ON idempotency_keys (created_at);
CREATE INDEX idempotency_keys_submission ON idempotency_keys (submission_id);

-- Values of the installation itself, sealed: the key of the identity hashes, the receipt signing key.
CREATE TABLE settings (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value BYTEA NOT NULL,
    updated_at TEXT COLLATE "C" NOT NULL
);

-- Who did what to which object; ids only.
CREATE TABLE audit_log (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    at TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    object TEXT COLLATE "C" NOT NULL
);
CREATE INDEX audit_log_tenant ON audit_log (tenant_id, id);

INSERT INTO tenants (id, name, created_at) VALUES ('default', 'Default', '2026-01-01T00:00:00.000000Z');
