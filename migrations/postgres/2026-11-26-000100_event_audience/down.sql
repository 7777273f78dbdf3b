UPDATE events SET audience = NULL WHERE audience = 'everyone';
UPDATE events SET audience = 'accepted' WHERE audience = 'only_accepted';
UPDATE events SET audience = 'attention' WHERE audience = 'only_attention';
ALTER TABLE events RENAME COLUMN audience TO outcome;
