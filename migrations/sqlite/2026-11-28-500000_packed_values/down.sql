-- A value that is compressed can not be read afterwards.
UPDATE submission_files SET result = CAST(result AS TEXT);
UPDATE credentials SET report = CAST(report AS TEXT);
UPDATE credentials SET normalized = CAST(normalized AS TEXT);
UPDATE submission_credentials SET report = CAST(report AS TEXT);
UPDATE submission_credentials SET normalized = CAST(normalized AS TEXT);
UPDATE skills SET assertion = CAST(assertion AS TEXT);
UPDATE events SET body = CAST(body AS TEXT);
