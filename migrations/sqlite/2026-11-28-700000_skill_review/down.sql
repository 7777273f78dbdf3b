DROP TABLE skill_settings;
DROP TABLE skill_jobs;
DROP TABLE skill_decisions;
DROP INDEX skills_credential;
DROP INDEX skills_label;
ALTER TABLE skills DROP COLUMN method;
ALTER TABLE skills DROP COLUMN label_key;
