ALTER TABLE connections DROP COLUMN carries;
