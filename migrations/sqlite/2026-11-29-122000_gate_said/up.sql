-- What a gate said, as data: pages say it in the reader's language.
ALTER TABLE campaign_wave ADD COLUMN verdict_said TEXT;
