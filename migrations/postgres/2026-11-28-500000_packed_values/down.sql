-- Fails when a value is compressed: then there is no way back.
ALTER TABLE submission_files ALTER COLUMN result TYPE TEXT USING convert_from(result, 'UTF8');
ALTER TABLE credentials ALTER COLUMN report TYPE TEXT USING convert_from(report, 'UTF8');
ALTER TABLE credentials ALTER COLUMN normalized TYPE TEXT USING convert_from(normalized, 'UTF8');
ALTER TABLE submission_credentials ALTER COLUMN report TYPE TEXT USING convert_from(report, 'UTF8');
ALTER TABLE submission_credentials ALTER COLUMN normalized TYPE TEXT USING convert_from(normalized, 'UTF8');
ALTER TABLE skills ALTER COLUMN assertion TYPE TEXT USING convert_from(assertion, 'UTF8');
ALTER TABLE events ALTER COLUMN body TYPE TEXT USING convert_from(body, 'UTF8');
