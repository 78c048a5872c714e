DROP INDEX merchant_by_address;
DROP TABLE inbound_mail;
DROP SEQUENCE inbound_mail_id;
