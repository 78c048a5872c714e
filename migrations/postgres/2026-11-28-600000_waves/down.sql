ALTER TABLE campaign DROP COLUMN looked_over_at;
DROP TABLE wave_member;
DROP TABLE campaign_wave;
