-- Received bytes, file names, reports, what was read from credentials, events and receipts are sealed with the master key
-- (src/store/sealed.rs). What an unreleased version wrote before can't be opened.
-- SQLite keeps bytes in columns of every type.
ALTER TABLE skills DROP COLUMN label;
