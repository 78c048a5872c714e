DROP SEQUENCE approval_id;
DROP TABLE approval;
