DROP TABLE webhook_delivery;
DROP TABLE webhook_secret;
DROP TABLE webhook;
DELETE FROM id_sequence WHERE name IN ('webhook', 'webhook_delivery');
