-- A Message-ID names its notice by number, which finds it: an index of these long texts less is one less to write whenever
-- a notice changes its state. The number also makes it the only one of its kind.
ALTER TABLE notice DROP CONSTRAINT notice_message_id_key;
-- A mail of some kilobytes is kept beside its number, not in pieces elsewhere.
ALTER TABLE notice_message SET (toast_tuple_target = 8160);
