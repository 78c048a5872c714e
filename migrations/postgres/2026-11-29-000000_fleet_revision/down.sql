DROP TABLE fleet_revision;
