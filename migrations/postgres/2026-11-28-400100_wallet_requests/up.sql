-- The private key that a wallet's answer is encrypted to; sealed.

ALTER TABLE exchanges ADD COLUMN response_key BYTEA;

-- What an employer asks wallets for, under a name: for one vacancy, or one kind of vacancy.

CREATE TABLE request_templates (
  tenant_id TEXT NOT NULL,
  name TEXT NOT NULL,
  content TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (tenant_id, name)
);
