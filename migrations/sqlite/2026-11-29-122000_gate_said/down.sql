ALTER TABLE campaign_wave DROP COLUMN verdict_said;
