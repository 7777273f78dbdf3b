-- The channels: who may push and pull, requests to wallets, backpacks that are pulled from. Tokens, codes and links are kept only
-- as SHA-256 hashes. What belongs to a person goes with the person.

CREATE TABLE oauth_clients (
    client_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    secret_hash TEXT COLLATE "C" NOT NULL,
    metadata TEXT COLLATE "C" NOT NULL,
    redirect_uris TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL
);

-- A link by which one candidate lets platforms in. connections: how often it was used.
CREATE TABLE invitations (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    token_hash TEXT COLLATE "C" NOT NULL UNIQUE,
    purpose TEXT COLLATE "C",
    max_connections BIGINT NOT NULL,
    connections BIGINT NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C" NOT NULL,
    revoked_at TEXT COLLATE "C",
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX invitations_candidate ON invitations (tenant_id, candidate_ref);

-- A candidate's consent: the root of every token that came from it.
CREATE TABLE oauth_grants (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    client_id TEXT COLLATE "C" NOT NULL REFERENCES oauth_clients (client_id) ON DELETE CASCADE,
    tenant_id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    invitation_id TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    revoked_at TEXT COLLATE "C",
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX oauth_grants_candidate ON oauth_grants (tenant_id, candidate_ref);
CREATE INDEX oauth_grants_client ON oauth_grants (client_id);
CREATE INDEX oauth_grants_invitation ON oauth_grants (invitation_id);

CREATE TABLE oauth_codes (
    code_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    grant_id TEXT COLLATE "C" NOT NULL REFERENCES oauth_grants (id) ON DELETE CASCADE,
    client_id TEXT COLLATE "C" NOT NULL,
    redirect_uri TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    code_challenge TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C" NOT NULL,
    used_at TEXT COLLATE "C"
);
CREATE INDEX oauth_codes_grant ON oauth_codes (grant_id);

-- grant_id is absent for tokens of an employer's own system. used_at: a refresh token that was exchanged for a new one.
CREATE TABLE oauth_tokens (
    token_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    kind TEXT COLLATE "C" NOT NULL,
    grant_id TEXT COLLATE "C" REFERENCES oauth_grants (id) ON DELETE CASCADE,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    client_id TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C" NOT NULL,
    used_at TEXT COLLATE "C",
    revoked_at TEXT COLLATE "C"
);
CREATE INDEX oauth_tokens_grant ON oauth_tokens (grant_id);
CREATE INDEX oauth_tokens_age ON oauth_tokens (expires_at);

-- What was pushed, as it is served back; bytes exactly as received.
CREATE TABLE hosted_credentials (
    tenant_id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    api TEXT COLLATE "C" NOT NULL,
    natural_key TEXT COLLATE "C" NOT NULL,
    compact_jws BIGINT NOT NULL,
    valid_from TEXT COLLATE "C",
    outcome TEXT COLLATE "C" NOT NULL,
    submission_id TEXT COLLATE "C" NOT NULL,
    created_at TEXT COLLATE "C" NOT NULL,
    updated_at TEXT COLLATE "C" NOT NULL,
    bytes BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, candidate_ref, api, natural_key),
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);

-- body: sealed.
CREATE TABLE hosted_profiles (
    tenant_id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    updated_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, candidate_ref),
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);

-- candidate, results: sealed. claimed_at: an answer is being taken in.
CREATE TABLE exchanges (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    candidate BYTEA NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    sequence BIGINT NOT NULL,
    challenge TEXT COLLATE "C" NOT NULL,
    claimed_at TEXT COLLATE "C",
    attempts BIGINT NOT NULL,
    options TEXT COLLATE "C" NOT NULL,
    last_error TEXT COLLATE "C",
    results BYTEA,
    submission_id TEXT COLLATE "C",
    candidate_ref TEXT COLLATE "C",
    created_at TEXT COLLATE "C" NOT NULL,
    expires_at TEXT COLLATE "C" NOT NULL,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX exchanges_tenant ON exchanges (tenant_id, created_at);
CREATE INDEX exchanges_candidate ON exchanges (tenant_id, candidate_ref);
CREATE INDEX exchanges_age ON exchanges (expires_at);

-- The journal that an operator reads; never a body.
CREATE TABLE exchange_log (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    exchange_id TEXT COLLATE "C" NOT NULL REFERENCES exchanges (id) ON DELETE CASCADE,
    at TEXT COLLATE "C" NOT NULL,
    call TEXT COLLATE "C" NOT NULL,
    status BIGINT NOT NULL,
    detail TEXT COLLATE "C" NOT NULL
);
CREATE INDEX exchange_log_exchange ON exchange_log (exchange_id, id);

CREATE TABLE challenges (
    challenge_hash TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    expires_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX challenges_age ON challenges (expires_at);

-- Our registration at a host; client_secret: sealed.
CREATE TABLE backpack_hosts (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (id),
    registration_url TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    client_secret BYTEA NOT NULL,
    redirect_uri TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    secret_expires_at TEXT COLLATE "C",
    created_at TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, registration_url)
);

-- tokens, verifier: sealed. leased_until: a pull or refresh is under way.
CREATE TABLE backpacks (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant_id TEXT COLLATE "C" NOT NULL,
    candidate_ref TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    host TEXT COLLATE "C" NOT NULL,
    start_hash TEXT COLLATE "C" UNIQUE,
    authorization_hash TEXT COLLATE "C" UNIQUE,
    browser_hash TEXT COLLATE "C",
    verifier BYTEA,
    redirect_uri TEXT COLLATE "C",
    authorization_expires_at TEXT COLLATE "C",
    tokens BYTEA,
    last_failure TEXT COLLATE "C",
    last_pull_at TEXT COLLATE "C",
    next_pull_at TEXT COLLATE "C",
    failures BIGINT NOT NULL,
    leased_until TEXT COLLATE "C",
    created_at TEXT COLLATE "C" NOT NULL,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX backpacks_tenant ON backpacks (tenant_id, id);
CREATE INDEX backpacks_candidate ON backpacks (tenant_id, candidate_ref);
CREATE INDEX backpacks_due ON backpacks (next_pull_at) WHERE state = 'connected';
