-- Where a mail goes, whether it goes before others, how often it was put off by a server, and what a refusal was about.
ALTER TABLE notice ADD COLUMN domain TEXT NOT NULL DEFAULT '';
ALTER TABLE notice ADD COLUMN urgent BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE notice ADD COLUMN deferrals INTEGER NOT NULL DEFAULT 0;
ALTER TABLE notice ADD COLUMN refused_for TEXT;
UPDATE notice SET domain = lower(substr(recipient, strpos(recipient, '@') + 1));
UPDATE notice SET urgent = TRUE WHERE emergency OR kind IN ('failed', 'locked', 'unlocked');
-- Claims are answered from this index alone, however many mails are due.
CREATE INDEX notice_by_due ON notice (state, urgent, next_attempt_at, id, domain);
