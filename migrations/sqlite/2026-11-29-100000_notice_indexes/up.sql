-- What is due is found by notice_by_due, what is in a state by notice_by_kind, one kind after the other: each index less
-- is one less to write whenever a notice changes its state.
DROP INDEX notice_by_state_due;
DROP INDEX notice_by_state;
