ALTER TABLE skill_decisions ALTER COLUMN body TYPE TEXT USING convert_from(body, 'UTF8');
ALTER TABLE skills ADD COLUMN concept_uri TEXT;
DROP TABLE erasures;
DROP TABLE data_keys;
