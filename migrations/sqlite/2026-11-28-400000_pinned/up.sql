-- An appointment that plans leave where it is. The index holds every column that planning asks for.
ALTER TABLE appointment ADD COLUMN pinned BOOLEAN NOT NULL DEFAULT FALSE;
DROP INDEX appointment_by_span;
CREATE INDEX appointment_by_span ON appointment
    (starts_at, ends_at, state, terminal_id, revision, notice_lead_minutes, emergency, pinned);
