-- Answers to requests that carried an Idempotency-Key, so that the same request again is answered and not done again.
-- The key itself is not kept, only its digest; the fingerprint of the request cannot be made without it.
CREATE TABLE idempotency (
    key_digest TEXT NOT NULL PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    begun_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    lost BOOLEAN NOT NULL,
    status INTEGER,
    headers TEXT,
    body BYTEA
);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);
