-- A search that somebody wants to end, wherever it runs.
ALTER TABLE plan ADD COLUMN stop_asked BOOLEAN NOT NULL DEFAULT FALSE;

-- What a budget's group holds is counted from these alone, without reading a terminal's row.
CREATE INDEX terminal_by_site_retired ON terminal (site_id, retired);
DROP INDEX terminal_by_site;
CREATE INDEX terminal_by_host ON terminal (acquirer_host, retired);
CREATE INDEX terminal_by_carrier ON terminal (carrier, retired);
CREATE INDEX terminal_by_cell ON terminal (cell, retired);
CREATE INDEX terminal_by_model ON terminal (model, retired);
CREATE INDEX site_by_region ON site (region);

-- What stands in a span, without reading an appointment's row; the longest appointment says how far back a start
-- may lie.
CREATE INDEX appointment_by_length ON appointment (ends_at - starts_at);
CREATE INDEX appointment_by_span ON appointment
    (starts_at, ends_at, state, terminal_id, revision, notice_lead_minutes, emergency);
DROP INDEX appointment_by_start;

CREATE INDEX plan_by_state ON plan (state);
