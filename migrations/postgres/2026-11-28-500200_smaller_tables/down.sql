DROP INDEX deliveries_stopped;
ALTER TABLE attempts DROP CONSTRAINT attempts_pkey;
ALTER TABLE attempts ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX attempts_number ON attempts (delivery_id, number);
DROP INDEX deliveries_once;
DROP INDEX deliveries_connection;
CREATE UNIQUE INDEX deliveries_once ON deliveries (connection_id, event_id);
CREATE INDEX deliveries_event ON deliveries (event_id, tenant_id, id);
