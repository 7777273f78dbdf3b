-- Where several processes share a connection's request rate: the moment of the next free turn, in microseconds since 1970.
CREATE TABLE turns (
    connection_id TEXT NOT NULL PRIMARY KEY REFERENCES connections (id) ON DELETE CASCADE,
    next_at BIGINT NOT NULL
);
