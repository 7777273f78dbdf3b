-- Attempts that were made before somebody asked for a delivery again: they don't use up its new retries.

ALTER TABLE deliveries ADD COLUMN attempts_before BIGINT NOT NULL DEFAULT 0;
