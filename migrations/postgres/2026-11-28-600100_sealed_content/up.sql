-- Received bytes, file names, reports, what was read from credentials, events and receipts are sealed with the master key
-- (src/store/sealed.rs). What an unreleased version wrote before can't be opened.
ALTER TABLE credentials ALTER COLUMN name TYPE BYTEA USING convert_to(name, 'UTF8');
ALTER TABLE submission_uploads ALTER COLUMN name TYPE BYTEA USING convert_to(name, 'UTF8');
ALTER TABLE receipts ALTER COLUMN token TYPE BYTEA USING convert_to(token, 'UTF8');
ALTER TABLE skills DROP COLUMN label;
