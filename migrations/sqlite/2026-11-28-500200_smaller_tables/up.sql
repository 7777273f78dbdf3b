-- Tables that are only looked up by their keys are kept in the order of the keys: no second copy of the keys in an index, and one
-- write for each row instead of two. An attempt has no key but its number. A delivery is unique by event and connection; a connection's
-- deliveries are listed newest first.

ALTER TABLE lanes RENAME TO old_lanes;
CREATE TABLE lanes (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    candidate_ref TEXT NOT NULL,
    look_at TEXT NOT NULL,
    hinted BIGINT NOT NULL,
    holder TEXT,
    leased_until TEXT,
    PRIMARY KEY (connection_id, candidate_ref)
) WITHOUT ROWID;
INSERT INTO lanes SELECT * FROM old_lanes;
DROP TABLE old_lanes;
CREATE INDEX lanes_due ON lanes (connection_id, look_at);

ALTER TABLE attempts RENAME TO old_attempts;
CREATE TABLE attempts (
    id TEXT NOT NULL,
    delivery_id TEXT NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    number BIGINT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT NOT NULL,
    result TEXT NOT NULL,
    reason TEXT,
    message TEXT,
    calls TEXT NOT NULL,
    PRIMARY KEY (delivery_id, number)
) WITHOUT ROWID;
INSERT INTO attempts SELECT * FROM old_attempts;
DROP TABLE old_attempts;

ALTER TABLE ledger RENAME TO old_ledger;
CREATE TABLE ledger (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    event_id TEXT NOT NULL,
    step TEXT NOT NULL,
    state TEXT NOT NULL,
    remote_id TEXT,
    request_digest TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (connection_id, event_id, step)
) WITHOUT ROWID;
INSERT INTO ledger SELECT * FROM old_ledger;
DROP TABLE old_ledger;

DROP INDEX deliveries_once;
DROP INDEX deliveries_event;
CREATE UNIQUE INDEX deliveries_once ON deliveries (event_id, connection_id);
CREATE INDEX deliveries_connection ON deliveries (connection_id, id);

-- What needs a person is counted for the operator, whatever the number of deliveries that were made.
CREATE INDEX deliveries_stopped ON deliveries (state) WHERE state IN ('parked', 'dead');
