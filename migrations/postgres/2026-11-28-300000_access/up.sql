-- Who may sign in. Without a password the account waits for its one-time link to be followed.
CREATE TABLE account (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    role TEXT NOT NULL,
    scope TEXT,
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    password_at BIGINT,
    disabled_at BIGINT
);

-- Who has signed in: only a digest of what the browser shows is kept.
CREATE TABLE session (
    token_hash TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    origin TEXT
);
CREATE INDEX session_by_account ON session (account_id);
CREATE INDEX session_by_expiry ON session (expires_at);

-- What programs show instead of a password; again only a digest is kept, and the first letters to know it by.
CREATE TABLE api_token (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    prefix TEXT NOT NULL,
    token_hash TEXT NOT NULL UNIQUE,
    account_id BIGINT REFERENCES account (id),
    made_by TEXT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    used_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX api_token_by_account ON api_token (account_id);

-- Links that let somebody set a password once: the first administrator's has no account yet.
CREATE TABLE set_up_link (
    token_hash TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT REFERENCES account (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

-- Passwords tried in vain, by name and by address.
CREATE TABLE sign_in_failure (
    subject TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL,
    last_at BIGINT NOT NULL,
    blocked_until BIGINT
);
CREATE INDEX sign_in_failure_by_time ON sign_in_failure (last_at);

-- Where whoever did it came from.
ALTER TABLE audit ADD COLUMN origin TEXT;

CREATE SEQUENCE account_id;
CREATE SEQUENCE api_token_id;
