DROP INDEX candidate_identities_newest;
ALTER TABLE submission_credentials DROP COLUMN person_by;
