CREATE INDEX notice_by_state_due ON notice (state, next_attempt_at);
CREATE INDEX notice_by_state ON notice (state, id);
