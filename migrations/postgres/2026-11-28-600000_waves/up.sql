-- Slices of a campaign, each with its gate: who is in the last one has no row in wave_member.
CREATE TABLE campaign_wave (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    number INTEGER NOT NULL,
    share TEXT NOT NULL,
    soak_minutes INTEGER NOT NULL,
    success_percent_min INTEGER NOT NULL,
    failures_max TEXT,
    sample_min INTEGER NOT NULL,
    state TEXT NOT NULL,
    opened_at BIGINT,
    -- What failed before this is known and accepted: somebody has resumed the campaign since.
    counted_from BIGINT,
    closed_at BIGINT,
    verdict TEXT,
    PRIMARY KEY (campaign_id, number)
);

-- Who is in which wave; fixed from the moment the campaign is active.
CREATE TABLE wave_member (
    campaign_id BIGINT NOT NULL REFERENCES campaign (id),
    terminal_id BIGINT NOT NULL REFERENCES terminal (id),
    wave INTEGER NOT NULL,
    PRIMARY KEY (campaign_id, terminal_id)
);
CREATE INDEX wave_member_by_wave ON wave_member (campaign_id, wave);

-- When it was last looked whether a campaign has anything left to do.
ALTER TABLE campaign ADD COLUMN looked_over_at BIGINT;
