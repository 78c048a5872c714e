-- Another number after every change of merchants, sites and terminals: what was counted under one holds as long as it.
CREATE TABLE fleet_revision (
    id BIGINT NOT NULL PRIMARY KEY,
    revision BIGINT NOT NULL
);
