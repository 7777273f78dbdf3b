DROP INDEX candidates_newest;
DROP TABLE candidate_words;
DROP TABLE credential_words;
