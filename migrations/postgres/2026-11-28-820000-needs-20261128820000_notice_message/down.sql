ALTER TABLE notice ADD COLUMN message BYTEA;
UPDATE notice SET message = (SELECT notice_message.message FROM notice_message WHERE notice_id = id);
DROP TABLE notice_message;
