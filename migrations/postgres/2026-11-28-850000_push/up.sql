-- Platforms that send events to a tenant. The secrets are sealed.

CREATE TABLE push_subscriptions (
  id TEXT PRIMARY KEY,
  tenant_id TEXT NOT NULL,
  channel TEXT NOT NULL,
  name TEXT NOT NULL,
  secret BYTEA NOT NULL,
  token BYTEA,
  created_at TEXT NOT NULL,
  last_event_at TEXT,
  last_failure TEXT
);
CREATE INDEX push_subscriptions_tenant ON push_subscriptions (tenant_id, id);

-- Events that were worked on: an event that comes again does nothing. The keys are hashes.

CREATE TABLE push_events (
  subscription_id TEXT NOT NULL REFERENCES push_subscriptions (id) ON DELETE CASCADE,
  event_key TEXT NOT NULL,
  badge_key TEXT NOT NULL,
  submission_id TEXT,
  received_at TEXT NOT NULL,
  PRIMARY KEY (subscription_id, event_key)
);
CREATE INDEX push_events_badge ON push_events (subscription_id, badge_key);
