-- Addresses that take no mail: nothing is sent there until somebody says that they do again.
CREATE TABLE suppression (
    address TEXT NOT NULL PRIMARY KEY,
    reason TEXT NOT NULL,
    since BIGINT NOT NULL
);
