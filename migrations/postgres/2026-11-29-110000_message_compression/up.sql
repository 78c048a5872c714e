-- A mail is compressed once and read for each attempt: with lz4 both take a fraction of the time. A server that was
-- built without it, or is older than 14, keeps its own method.
DO $$
BEGIN
    EXECUTE 'ALTER TABLE notice_message ALTER COLUMN message SET COMPRESSION lz4';
EXCEPTION
    WHEN feature_not_supported OR syntax_error THEN NULL;
END
$$;
