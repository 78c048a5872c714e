DROP INDEX merchant_by_address;
DROP TABLE inbound_mail;
DELETE FROM id_sequence WHERE name = 'inbound_mail';
