DROP TABLE person_purposes;
DROP TABLE retention_runs;
DROP TABLE retention_rules;
