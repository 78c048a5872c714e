-- When a merchant is reminded, where it is not as the settings say: minutes before the start, or none.
CREATE TABLE merchant_reminders (
    merchant_id BIGINT NOT NULL PRIMARY KEY REFERENCES merchant (id),
    leads TEXT NOT NULL
);
