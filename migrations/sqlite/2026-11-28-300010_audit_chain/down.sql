DROP TRIGGER audit_keep_delete;
DROP TRIGGER audit_keep_update;
DROP TABLE audit_head;
DROP INDEX audit_by_actor;
DROP INDEX audit_unchained;
DROP INDEX audit_by_position;
ALTER TABLE audit DROP COLUMN hash;
ALTER TABLE audit DROP COLUMN position;
