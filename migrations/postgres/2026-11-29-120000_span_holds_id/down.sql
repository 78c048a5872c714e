DROP INDEX appointment_by_span;
CREATE INDEX appointment_by_span ON appointment
    (starts_at, ends_at, state, terminal_id, revision, notice_lead_minutes, emergency, pinned);
