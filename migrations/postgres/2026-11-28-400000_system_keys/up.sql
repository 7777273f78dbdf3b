-- Public keys of an employer's system that signs its token requests (private_key_jwt) instead of sending an API key.

ALTER TABLE api_keys ADD COLUMN jwks TEXT;

-- Signed token requests that were used, each good once: kept until they would have expired anyway.

CREATE TABLE used_assertions (
  assertion_hash TEXT NOT NULL PRIMARY KEY,
  expires_at TEXT NOT NULL
);
