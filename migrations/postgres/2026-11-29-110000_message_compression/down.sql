DO $$
BEGIN
    EXECUTE 'ALTER TABLE notice_message ALTER COLUMN message SET COMPRESSION default';
EXCEPTION
    WHEN feature_not_supported OR syntax_error THEN NULL;
END
$$;
