ALTER TABLE deliveries DROP COLUMN attempts_before;
