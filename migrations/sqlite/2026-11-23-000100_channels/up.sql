-- The channels: who may push and pull, requests to wallets, backpacks that are pulled from. Tokens, codes and links are kept only
-- as SHA-256 hashes. What belongs to a person goes with the person.

CREATE TABLE oauth_clients (
    client_id TEXT NOT NULL PRIMARY KEY,
    secret_hash TEXT NOT NULL,
    metadata TEXT NOT NULL,
    redirect_uris TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at TEXT NOT NULL
);

-- A link by which one candidate lets platforms in. connections: how often it was used.
CREATE TABLE invitations (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    purpose TEXT,
    max_connections BIGINT NOT NULL,
    connections BIGINT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    revoked_at TEXT,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX invitations_candidate ON invitations (tenant_id, candidate_ref);

-- A candidate's consent: the root of every token that came from it.
CREATE TABLE oauth_grants (
    id TEXT NOT NULL PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    invitation_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth_grants_candidate ON oauth_grants (tenant_id, candidate_ref);
CREATE INDEX oauth_grants_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_invitation ON oauth_grants (invitation_id);

CREATE TABLE oauth_codes (
    code_hash TEXT NOT NULL PRIMARY KEY,
    grant_id TEXT NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    code_challenge TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
);
CREATE INDEX oauth_codes_grant ON oauth_codes (grant_id);

-- grant_id is absent for tokens of an employer's own system. used_at: a refresh token that was exchanged for a new one.
CREATE TABLE oauth_tokens (
    token_hash TEXT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    grant_id TEXT REFERENCES oauth_grants (id) ON DELETE CASCADE,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    client_id TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT,
    revoked_at TEXT
);
CREATE INDEX oauth_tokens_grant ON oauth_tokens (grant_id);
CREATE INDEX oauth_tokens_age ON oauth_tokens (expires_at);

-- What was pushed, as it is served back; bytes exactly as received.
CREATE TABLE hosted_credentials (
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    api TEXT NOT NULL,
    natural_key TEXT NOT NULL,
    compact_jws BIGINT NOT NULL,
    valid_from TEXT,
    outcome TEXT NOT NULL,
    submission_id TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (tenant_id, candidate_ref, api, natural_key),
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);

-- body: sealed.
CREATE TABLE hosted_profiles (
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    body BLOB NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (tenant_id, candidate_ref),
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);

-- candidate, results: sealed. claimed_at: an answer is being taken in.
CREATE TABLE exchanges (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    candidate BLOB NOT NULL,
    state TEXT NOT NULL,
    sequence BIGINT NOT NULL,
    challenge TEXT NOT NULL,
    claimed_at TEXT,
    attempts BIGINT NOT NULL,
    options TEXT NOT NULL,
    last_error TEXT,
    results BLOB,
    submission_id TEXT,
    candidate_ref TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX exchanges_tenant ON exchanges (tenant_id, created_at);
CREATE INDEX exchanges_candidate ON exchanges (tenant_id, candidate_ref);
CREATE INDEX exchanges_age ON exchanges (expires_at);

-- The journal that an operator reads; never a body.
CREATE TABLE exchange_log (
    id TEXT NOT NULL PRIMARY KEY,
    exchange_id TEXT NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    at TEXT NOT NULL,
    call TEXT NOT NULL,
    status BIGINT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX exchange_log_exchange ON exchange_log (exchange_id, id);

CREATE TABLE challenges (
    challenge_hash TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    expires_at TEXT NOT NULL
);
CREATE INDEX challenges_age ON challenges (expires_at);

-- Our registration at a host; client_secret: sealed.
CREATE TABLE backpack_hosts (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    registration_url TEXT NOT NULL,
    client_id TEXT NOT NULL,
    client_secret BLOB NOT NULL,
    redirect_uri TEXT NOT NULL,
    scope TEXT NOT NULL,
    secret_expires_at TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (tenant_id, registration_url)
);

-- tokens, verifier: sealed. leased_until: a pull or refresh is under way.
CREATE TABLE backpacks (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    state TEXT NOT NULL,
    host TEXT NOT NULL,
    start_hash TEXT UNIQUE,
    authorization_hash TEXT UNIQUE,
    browser_hash TEXT,
    verifier BLOB,
    redirect_uri TEXT,
    authorization_expires_at TEXT,
    tokens BLOB,
    last_failure TEXT,
    last_pull_at TEXT,
    next_pull_at TEXT,
    failures BIGINT NOT NULL,
    leased_until TEXT,
    created_at TEXT NOT NULL,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX backpacks_tenant ON backpacks (tenant_id, id);
CREATE INDEX backpacks_candidate ON backpacks (tenant_id, candidate_ref);
CREATE INDEX backpacks_due ON backpacks (next_pull_at) WHERE state = 'connected';
