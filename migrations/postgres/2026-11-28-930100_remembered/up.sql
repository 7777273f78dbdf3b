-- Identifiers of the target system that later events about a person need, for example to delete a note. They name nobody.

CREATE TABLE remembered (
  connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
  candidate_ref TEXT NOT NULL,
  name TEXT NOT NULL,
  remote_id TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (connection_id, candidate_ref, name)
);
CREATE INDEX remembered_candidate ON remembered (candidate_ref);
