ALTER TABLE notice_message RESET (toast_tuple_target);
ALTER TABLE notice ADD CONSTRAINT notice_message_id_key UNIQUE (message_id);
