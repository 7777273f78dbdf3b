-- Connections that read applications: where the next poll begins, and how the last one ended.

CREATE TABLE intakes (
  connection_id TEXT PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
  cursor TEXT,
  next_poll_at TEXT,
  last_poll_at TEXT,
  last_error TEXT,
  leased_until TEXT,
  budget_day TEXT,
  bytes_today BIGINT NOT NULL DEFAULT 0,
  applications_today BIGINT NOT NULL DEFAULT 0
);

-- Applications, each once. `application` holds the system's identifiers until the application was read; then only the hash stays.

CREATE TABLE applications (
  id TEXT PRIMARY KEY,
  connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
  application_key TEXT NOT NULL,
  application TEXT,
  state TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  next_attempt_at TEXT NOT NULL,
  reason TEXT,
  message TEXT,
  submission_id TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
);
CREATE UNIQUE INDEX applications_key ON applications (connection_id, application_key);
CREATE INDEX applications_state ON applications (connection_id, state, next_attempt_at);

-- Hashes of files that a connection wrote: they are not read again.

CREATE TABLE written_files (
  connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
  sha256 TEXT NOT NULL,
  written_at TEXT NOT NULL,
  PRIMARY KEY (connection_id, sha256)
);
