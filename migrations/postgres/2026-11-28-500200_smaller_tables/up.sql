-- An attempt has no key but its number. A delivery is unique by event and connection; a connection's deliveries are listed newest first.
ALTER TABLE attempts DROP CONSTRAINT attempts_pkey;
DROP INDEX attempts_number;
ALTER TABLE attempts ADD PRIMARY KEY (delivery_id, number);

DROP INDEX deliveries_once;
DROP INDEX deliveries_event;
CREATE UNIQUE INDEX deliveries_once ON deliveries (event_id, connection_id);
CREATE INDEX deliveries_connection ON deliveries (connection_id, id);

-- What needs a person is counted for the operator, whatever the number of deliveries that were made.
CREATE INDEX deliveries_stopped ON deliveries (state) WHERE state IN ('parked', 'dead');
