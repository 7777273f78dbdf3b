ALTER TABLE skills ADD COLUMN concept_uri TEXT;
DROP TABLE erasures;
DROP TABLE data_keys;
