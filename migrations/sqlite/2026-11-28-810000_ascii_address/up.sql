-- Where mail to a merchant goes when a server takes no address beyond ASCII.
CREATE TABLE merchant_ascii_address (
    merchant_id BIGINT NOT NULL PRIMARY KEY REFERENCES merchant (id),
    address TEXT NOT NULL
);
