ALTER TABLE credentials ALTER COLUMN name TYPE TEXT COLLATE "C" USING encode(name, 'base64');
ALTER TABLE submission_uploads ALTER COLUMN name TYPE TEXT COLLATE "C" USING encode(name, 'base64');
ALTER TABLE receipts ALTER COLUMN token TYPE TEXT COLLATE "C" USING encode(token, 'base64');
ALTER TABLE skills ADD COLUMN label TEXT COLLATE "C" NOT NULL DEFAULT '';
