-- Reports, normalised forms, skills, events and received bytes may be compressed; src/store/packed.rs describes how. A report of a
-- submission that is empty: what the submission found out is the report and the normalised form of the credential's own row.
-- SQLite keeps bytes in the columns as they are declared.
UPDATE submission_files SET result = CAST(result AS BLOB);
UPDATE credentials SET report = CAST(report AS BLOB);
UPDATE credentials SET normalized = CAST(normalized AS BLOB);
UPDATE submission_credentials SET report = CAST(report AS BLOB);
UPDATE submission_credentials SET normalized = CAST(normalized AS BLOB);
UPDATE skills SET assertion = CAST(assertion AS BLOB);
UPDATE events SET body = CAST(body AS BLOB);
