DROP TABLE used_assertions;
ALTER TABLE api_keys DROP COLUMN jwks;
