-- How the gateway came to the credential's person: request, list, subject, earlier or new.

ALTER TABLE submission_credentials ADD COLUMN person_by TEXT NOT NULL DEFAULT 'request';

-- The newest addresses, which hashes in credentials are compared with.
CREATE INDEX candidate_identities_newest ON candidate_identities (tenant_id, kind, created_at);
