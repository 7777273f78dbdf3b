-- Words by which people find credentials and candidates again. word: the first eight bytes of a keyed hash of tenant, kind and
-- normalised word (of the title, of the issuer's name, of a candidate's name), or of an issuer's identifier. Without the key a word
-- tells nothing.
CREATE TABLE credential_words (
    word BIGINT NOT NULL,
    credential_id TEXT NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    PRIMARY KEY (word, credential_id)
);
CREATE INDEX credential_words_credential ON credential_words (credential_id);

CREATE TABLE candidate_words (
    word BIGINT NOT NULL,
    tenant_id TEXT NOT NULL,
    candidate_ref TEXT NOT NULL,
    PRIMARY KEY (word, tenant_id, candidate_ref),
    FOREIGN KEY (tenant_id, candidate_ref) REFERENCES candidates (tenant_id, id) ON DELETE CASCADE
);
CREATE INDEX candidate_words_candidate ON candidate_words (tenant_id, candidate_ref);

-- Candidates are listed newest first.
CREATE INDEX candidates_newest ON candidates (tenant_id, created_at, id);
