-- Notices that tell of locks: each lock is told of once a kind and recipient.
CREATE TABLE notice_lock (
    notice_id BIGINT NOT NULL REFERENCES notice (id),
    lock_id BIGINT NOT NULL REFERENCES terminal_lock (id),
    kind TEXT NOT NULL,
    recipient TEXT NOT NULL,
    PRIMARY KEY (notice_id, lock_id),
    UNIQUE (lock_id, kind, recipient)
);
