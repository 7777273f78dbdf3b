-- Which connections an event is for: more than an outcome can say, since a connection must hear when a credential leaves what it takes.

ALTER TABLE events RENAME COLUMN outcome TO audience;
UPDATE events SET audience = 'everyone' WHERE audience IS NULL OR audience = 'rejected';
