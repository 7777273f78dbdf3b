-- Sessions of the pages that were ended before their cookie's own end.
CREATE TABLE ended_sessions (
    id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    ends_at TEXT COLLATE "C" NOT NULL
);
CREATE INDEX ended_sessions_age ON ended_sessions (ends_at);

-- How many platforms registered today, and which of them nobody used.
CREATE INDEX oauth_clients_age ON oauth_clients (created_at);
