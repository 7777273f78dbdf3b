-- What people decided about the texts of skills, and the work that follows from it.

-- label_key: what equal labels share. method: how the preferred concept was found.
ALTER TABLE skills ADD COLUMN label_key TEXT NOT NULL DEFAULT '';
ALTER TABLE skills ADD COLUMN method TEXT;
UPDATE skills SET label_key = lower(label);
CREATE INDEX skills_label ON skills (tenant_id, label_key, credential_id);
CREATE INDEX skills_credential ON skills (tenant_id, credential_id);

-- issuer_id: empty when the decision counts for all issuers. body: the decision; corrected: automatic mappings that it changed.
CREATE TABLE skill_decisions (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    label_key TEXT NOT NULL,
    issuer_id TEXT NOT NULL,
    body TEXT NOT NULL,
    corrected BIGINT NOT NULL,
    undone_at TEXT
);
CREATE UNIQUE INDEX skill_decisions_label ON skill_decisions (tenant_id, label_key, issuer_id) WHERE undone_at IS NULL;
CREATE INDEX skill_decisions_tenant ON skill_decisions (tenant_id, id);

-- Skills that must be mapped again, some at a time. label_key: empty for all. position: the last credential that was done.
-- not_before: a job is done a second time, a little later, so that no credential that came in meanwhile is left out; last: 1 then.
CREATE TABLE skill_jobs (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    label_key TEXT NOT NULL,
    decision_id TEXT,
    position TEXT NOT NULL,
    not_before TEXT NOT NULL,
    last BIGINT NOT NULL
);

-- catalogue: the taxonomy that a tenant's skills are mapped to. state: the taxonomies and coefficients that they were mapped with.
CREATE TABLE skill_settings (
    tenant_id TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id),
    catalogue TEXT,
    state TEXT NOT NULL
);
