DROP INDEX notice_by_due;
ALTER TABLE notice DROP COLUMN refused_for;
ALTER TABLE notice DROP COLUMN deferrals;
ALTER TABLE notice DROP COLUMN urgent;
ALTER TABLE notice DROP COLUMN domain;
