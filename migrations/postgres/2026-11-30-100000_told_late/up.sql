-- Appointments whose merchant was told too late for the notice lead: they will not open, and somebody has to know.
CREATE INDEX appointment_told_late ON appointment (starts_at, id)
    WHERE state = 'announced' AND emergency = FALSE
    AND announced_at > starts_at - CAST(notice_lead_minutes AS BIGINT) * 60000000;
