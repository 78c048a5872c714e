-- Other systems that want to hear what happens. While one of them does not answer, it is left alone until next_try_at.
CREATE TABLE webhook (
    id INTEGER NOT NULL PRIMARY KEY,
    url TEXT NOT NULL,
    description TEXT NOT NULL,
    kinds TEXT NOT NULL,
    enabled BOOLEAN NOT NULL,
    disabled_why TEXT,
    created_at BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    failing_since BIGINT,
    next_try_at BIGINT NOT NULL
);

-- What their messages are signed with; one that has been replaced still signs beside the new one for a while.
CREATE TABLE webhook_secret (
    webhook_id BIGINT NOT NULL REFERENCES webhook (id),
    number INTEGER NOT NULL,
    secret BLOB NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (webhook_id, number)
);

-- Messages to them, written in the transaction of what they tell of.
CREATE TABLE webhook_delivery (
    id INTEGER NOT NULL PRIMARY KEY,
    webhook_id BIGINT NOT NULL REFERENCES webhook (id),
    message_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    queued_at BIGINT NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    lease_until BIGINT,
    last_status INTEGER,
    last_error TEXT,
    ended_at BIGINT
);
CREATE INDEX webhook_delivery_by_due ON webhook_delivery (webhook_id, state, next_attempt_at);
CREATE INDEX webhook_delivery_by_end ON webhook_delivery (ended_at);
INSERT INTO id_sequence (name, next_id) VALUES ('webhook', 1), ('webhook_delivery', 1);
