-- How far a campaign is, is counted from its appointments' states: from this index, and not from rows all over the table.
CREATE INDEX appointment_state_by_id ON appointment (id) INCLUDE (state);
