DROP TABLE request_templates;
ALTER TABLE exchanges DROP COLUMN response_key;
