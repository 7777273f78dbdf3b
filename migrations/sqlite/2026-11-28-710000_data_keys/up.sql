-- The keys that values of persons are sealed with, each sealed with the master key; every sealed value names its key (src/store/data_keys.rs).
-- A key goes with its owner: a person, a request to a wallet, or a submission that is being worked on. What an unreleased version wrote
-- before can't be opened.
CREATE TABLE data_keys (
    id BLOB NOT NULL PRIMARY KEY,
    tenant_id TEXT,
    candidate_ref TEXT,
    exchange_id TEXT REFERENCES exchanges (id) ON DELETE CASCADE,
    submission_id TEXT REFERENCES submissions (id) ON DELETE CASCADE,
    value BLOB NOT NULL,
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
) WITHOUT ROWID;
CREATE INDEX data_keys_candidate ON data_keys (tenant_id, candidate_ref) WHERE candidate_ref IS NOT NULL;
CREATE INDEX data_keys_exchange ON data_keys (exchange_id) WHERE exchange_id IS NOT NULL;
CREATE INDEX data_keys_submission ON data_keys (submission_id) WHERE submission_id IS NOT NULL;

-- Who was erased, while files that came in before are still being worked on: they must not bring the person back. mark: keyed hash of a
-- reference, an address, or bytes.
CREATE TABLE erasures (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    mark TEXT NOT NULL,
    erased_at TEXT NOT NULL,
    PRIMARY KEY (tenant_id, mark)
) WITHOUT ROWID;
CREATE INDEX erasures_age ON erasures (erased_at);

-- label_key holds keyed hashes from here on, in skills, skill_decisions and skill_jobs; so does skill_decisions.issuer_id, and the body is
-- sealed.
ALTER TABLE skills DROP COLUMN concept_uri;
