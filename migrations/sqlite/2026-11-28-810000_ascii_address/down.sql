DROP TABLE merchant_ascii_address;
