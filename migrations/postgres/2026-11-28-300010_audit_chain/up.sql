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
    id BIGINT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    hash TEXT NOT NULL
);

-- A text with its length before it, so that no two entries are spelled the same. Spelled alike in src/db/audit.rs.
CREATE FUNCTION audit_spelled(word TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(octet_length(convert_to(word, 'UTF8'))::text || ':' || word, '-') || ';'
$$;

-- Chains what the transaction has written, at its very end: the head is held for the moment of the commit, not for as
-- long as the transaction takes, and entries are in the order of their commits. Who copies a whole database brings
-- its chain along.
CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head audit_head%ROWTYPE;
    entry audit%ROWTYPE;
BEGIN
    IF current_setting('offpeak.audit', true) = 'copied' THEN
        RETURN NULL;
    END IF;
    PERFORM FROM audit WHERE id = NEW.id AND hash IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    INSERT INTO audit_head (id, position, hash) VALUES (1, 0, '') ON CONFLICT DO NOTHING;
    SELECT * INTO head FROM audit_head WHERE id = 1 FOR UPDATE;
    FOR entry IN SELECT * FROM audit WHERE hash IS NULL AND id >= NEW.id ORDER BY id LOOP
        head.position := head.position + 1;
        head.hash := encode(sha256(convert_to(head.hash || '|' || audit_spelled(head.position::text)
            || audit_spelled(entry.id::text) || audit_spelled(entry.at::text) || audit_spelled(entry.actor)
            || audit_spelled(entry.origin) || audit_spelled(entry.action) || audit_spelled(entry.subject)
            || audit_spelled(entry.before) || audit_spelled(entry.after) || audit_spelled(entry.reason)
            || audit_spelled(entry.fence::text), 'UTF8')), 'hex');
        UPDATE audit SET position = head.position, hash = head.hash WHERE id = entry.id;
    END LOOP;
    UPDATE audit_head SET position = head.position, hash = head.hash WHERE id = 1;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER audit_chain AFTER INSERT ON audit DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION audit_chain();

-- Nobody changes or removes an entry; that it gets its place in the chain is no change.
CREATE FUNCTION audit_keep() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('offpeak.audit', true) = 'copied' THEN
        RETURN OLD;
    END IF;
    IF TG_OP = 'UPDATE' AND OLD.hash IS NULL AND NEW.hash IS NOT NULL
        AND (NEW.id, NEW.at, NEW.actor, NEW.action, NEW.subject, NEW.before, NEW.after, NEW.reason, NEW.fence, NEW.origin)
        IS NOT DISTINCT FROM
            (OLD.id, OLD.at, OLD.actor, OLD.action, OLD.subject, OLD.before, OLD.after, OLD.reason, OLD.fence, OLD.origin)
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit trail is only added to';
END
$$;
CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION audit_keep();
CREATE TRIGGER audit_keep_all BEFORE TRUNCATE ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_keep();
