-- Who does what one replica alone may do; instants are those of the database's own clock. The token rises with every
-- change of the holder.
CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder TEXT NOT NULL,
    token BIGINT NOT NULL,
    since BIGINT NOT NULL,
    until BIGINT NOT NULL
);

-- The token of the lease under which an entry was written.
ALTER TABLE audit ADD COLUMN fence BIGINT;

-- Whoever listens is told that there is something new on the trail, once its transaction has committed, and once a
-- transaction, however much it wrote.
CREATE FUNCTION audit_tell() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('offpeak', '');
    RETURN NULL;
END
$$;
CREATE TRIGGER audit_tell AFTER INSERT ON audit FOR EACH STATEMENT EXECUTE FUNCTION audit_tell();
