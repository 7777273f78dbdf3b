-- Trust policies that people published. The newest row of a tenant counts; text is NULL when the policy file counts again.

CREATE TABLE trust_policies (
    id TEXT NOT NULL PRIMARY KEY,
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    text TEXT,
    actor TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX trust_policies_tenant ON trust_policies (tenant_id, id);
