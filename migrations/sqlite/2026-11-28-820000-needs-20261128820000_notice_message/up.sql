-- A notice changes its state several times, its bytes never: beside it, they are not written again each time.
CREATE TABLE notice_message (
    notice_id BIGINT NOT NULL PRIMARY KEY REFERENCES notice (id),
    message BLOB NOT NULL
);
INSERT INTO notice_message (notice_id, message) SELECT id, message FROM notice WHERE message IS NOT NULL;
ALTER TABLE notice DROP COLUMN message;
