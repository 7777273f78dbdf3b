-- What the events of a connection carry of the person, beside the reference (JSON; an empty object: nothing).

ALTER TABLE connections ADD COLUMN carries TEXT NOT NULL DEFAULT '{}';
