-- Every entry carries a digest of itself and of the one before it: what is changed, removed or put in between is found
-- (`offpeak audit verify`). The position is the place in this chain. Entries from before it have neither; a first entry of
-- the chain carries a digest of them all.
ALTER TABLE audit ADD COLUMN position BIGINT;
ALTER TABLE audit ADD COLUMN hash TEXT;
CREATE INDEX audit_by_position ON audit (position);
CREATE INDEX audit_unchained ON audit (id) WHERE hash IS NULL;
CREATE INDEX audit_by_actor ON audit (actor, id);

-- The last entry of the chain.
CREATE TABLE audit_head (
    id INTEGER NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    hash TEXT NOT NULL
);

-- Nobody changes or removes an entry.
CREATE TRIGGER audit_keep_update BEFORE UPDATE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
END;
CREATE TRIGGER audit_keep_delete BEFORE DELETE ON audit BEGIN
    SELECT RAISE(ABORT, 'the audit trail is only added to');
END;
