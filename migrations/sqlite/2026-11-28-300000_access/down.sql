DELETE FROM id_sequence WHERE name IN ('account', 'api_token');
ALTER TABLE audit DROP COLUMN origin;
DROP TABLE sign_in_failure;
DROP TABLE set_up_link;
DROP TABLE api_token;
DROP TABLE session;
DROP TABLE account;
