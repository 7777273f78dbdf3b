-- Reports, normalised forms, skills, events and received bytes may be compressed; src/store/packed.rs describes how. A report of a
-- submission that is empty: what the submission found out is the report and the normalised form of the credential's own row.
ALTER TABLE submission_files ALTER COLUMN result TYPE BYTEA USING convert_to(result, 'UTF8');
ALTER TABLE credentials ALTER COLUMN report TYPE BYTEA USING convert_to(report, 'UTF8');
ALTER TABLE credentials ALTER COLUMN normalized TYPE BYTEA USING convert_to(normalized, 'UTF8');
ALTER TABLE submission_credentials ALTER COLUMN report TYPE BYTEA USING convert_to(report, 'UTF8');
ALTER TABLE submission_credentials ALTER COLUMN normalized TYPE BYTEA USING convert_to(normalized, 'UTF8');
ALTER TABLE skills ALTER COLUMN assertion TYPE BYTEA USING convert_to(assertion, 'UTF8');
ALTER TABLE events ALTER COLUMN body TYPE BYTEA USING convert_to(body, 'UTF8');
