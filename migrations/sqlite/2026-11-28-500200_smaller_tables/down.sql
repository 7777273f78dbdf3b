DROP INDEX deliveries_stopped;
-- The order in which rows are kept is no part of what they say.
DROP INDEX deliveries_once;
DROP INDEX deliveries_connection;
CREATE UNIQUE INDEX deliveries_once ON deliveries (connection_id, event_id);
CREATE INDEX deliveries_event ON deliveries (event_id, tenant_id, id);
