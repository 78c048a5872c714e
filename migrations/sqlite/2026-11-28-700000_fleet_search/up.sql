-- What somebody types in the search of the fleet begins a key or a name, in whatever case.
CREATE INDEX merchant_by_lower_number ON merchant (lower(number));
CREATE INDEX merchant_by_lower_name ON merchant (lower(name));
CREATE INDEX site_by_lower_code ON site (lower(code));
CREATE INDEX site_by_lower_name ON site (lower(name));
CREATE INDEX terminal_by_lower_serial ON terminal (lower(serial));
CREATE INDEX terminal_by_lower_tid ON terminal (lower(tid));

-- The outbox by state, the latest first.
CREATE INDEX notice_by_state ON notice (state, id);
