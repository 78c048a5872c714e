DROP TABLE merchant_reminders;
