DELETE FROM id_sequence WHERE name = 'approval';
DROP TABLE approval;
