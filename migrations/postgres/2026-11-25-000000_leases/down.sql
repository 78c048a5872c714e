DROP TRIGGER audit_tell ON audit;
DROP FUNCTION audit_tell();
ALTER TABLE audit DROP COLUMN fence;
DROP TABLE lease;
