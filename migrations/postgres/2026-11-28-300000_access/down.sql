DROP SEQUENCE api_token_id;
DROP SEQUENCE account_id;
ALTER TABLE audit DROP COLUMN origin;
DROP TABLE sign_in_failure;
DROP TABLE set_up_link;
DROP TABLE api_token;
DROP TABLE session;
DROP TABLE account;
