DROP TABLE erasure_tellings;
DROP TABLE erasure_records;
DROP TABLE person_notes;
DROP TABLE person_pages;
DROP INDEX candidates_stopped;
ALTER TABLE candidates DROP COLUMN sharing_stopped_at;
