DROP INDEX oauth_clients_age;
DROP TABLE ended_sessions;
