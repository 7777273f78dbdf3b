DROP TABLE push_events;
DROP TABLE push_subscriptions;
