DROP TABLE webhook_delivery;
DROP TABLE webhook_secret;
DROP TABLE webhook;
DROP SEQUENCE webhook_id;
DROP SEQUENCE webhook_delivery_id;
