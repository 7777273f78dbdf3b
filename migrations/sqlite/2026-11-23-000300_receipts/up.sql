-- Signed receipts of verification. The token goes with its credential; the chain keeps only digests and stays whole.

CREATE TABLE receipts (
    credential_id TEXT NOT NULL PRIMARY KEY REFERENCES credentials (id) ON DELETE CASCADE,
    tenant_id TEXT NOT NULL,
    number BIGINT NOT NULL,
    token TEXT NOT NULL,
    created_at TEXT NOT NULL
);

CREATE TABLE receipt_chain (
    tenant_id TEXT NOT NULL REFERENCES tenants (id),
    number BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (tenant_id, number)
);
