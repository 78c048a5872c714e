-- Instants are microseconds since 1970-01-01T00:00:00Z in BIGINT columns, the same in both databases.
-- Lists and small documents that are only ever read whole are JSON in TEXT.

CREATE TABLE merchant (
    id BIGINT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    locale TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    tags TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE site (
    id BIGINT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    merchant_id BIGINT NOT NULL REFERENCES merchant (id),
    name TEXT NOT NULL,
    region TEXT NOT NULL,
    address TEXT,
    time_zone TEXT NOT NULL,
    opening_hours TEXT NOT NULL,
    traffic_profile TEXT NOT NULL,
    tags TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX site_by_merchant ON site (merchant_id);

CREATE TABLE terminal (
    id BIGINT NOT NULL PRIMARY KEY,
    serial TEXT NOT NULL UNIQUE,
    site_id BIGINT NOT NULL REFERENCES site (id),
    tid TEXT NOT NULL,
    mid TEXT NOT NULL,
    label TEXT NOT NULL,
    model TEXT NOT NULL,
    firmware TEXT NOT NULL,
    acquirer_host TEXT NOT NULL,
    carrier TEXT,
    cell TEXT,
    servicer TEXT,
    volume INTEGER NOT NULL,
    retired BOOLEAN NOT NULL,
    tags TEXT NOT NULL,
    updated_at BIGINT NOT NULL
);
CREATE INDEX terminal_by_site ON terminal (site_id);

CREATE TABLE maintenance_window (
    id BIGINT NOT NULL PRIMARY KEY,
    scope TEXT NOT NULL,
    cron TEXT NOT NULL,
    duration_minutes INTEGER NOT NULL,
    cutoff_minutes INTEGER NOT NULL,
    time_zone TEXT
);

CREATE TABLE blackout (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    scope TEXT NOT NULL,
    from_local TEXT NOT NULL,
    to_local TEXT NOT NULL,
    yearly BOOLEAN NOT NULL,
    time_zone TEXT
);

CREATE TABLE budget (
    id BIGINT NOT NULL PRIMARY KEY,
    grouping_key TEXT NOT NULL,
    group_value TEXT,
    limit_count INTEGER,
    limit_percent INTEGER,
    min_down INTEGER NOT NULL,
    keep_up INTEGER NOT NULL,
    from_minute INTEGER,
    to_minute INTEGER,
    CHECK ((limit_count IS NULL) <> (limit_percent IS NULL)),
    CHECK ((from_minute IS NULL) = (to_minute IS NULL))
);

CREATE TABLE programme (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    on_site BOOLEAN NOT NULL,
    selector TEXT NOT NULL,
    recurrence TEXT NOT NULL,
    term_days INTEGER NOT NULL,
    duration_minutes INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    notice_lead_minutes INTEGER NOT NULL,
    paused BOOLEAN NOT NULL,
    next_due_at BIGINT
);

CREATE TABLE campaign (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    work TEXT NOT NULL,
    selector TEXT NOT NULL,
    duration_minutes INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    notice_lead_minutes INTEGER NOT NULL,
    release_at BIGINT NOT NULL,
    deadline_at BIGINT NOT NULL,
    programme_id BIGINT REFERENCES programme (id),
    created_at BIGINT NOT NULL
);

CREATE TABLE plan (
    id BIGINT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    request TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    created_by TEXT NOT NULL,
    heartbeat_at BIGINT NOT NULL,
    progress TEXT,
    report TEXT,
    error TEXT,
    published_at BIGINT,
    published_by TEXT
);

CREATE TABLE plan_item (
    plan_id BIGINT NOT NULL REFERENCES plan (id),
    ordinal BIGINT NOT NULL,
    terminal_id BIGINT NOT NULL REFERENCES terminal (id),
    work TEXT NOT NULL,
    duration_minutes INTEGER NOT NULL,
    notice_lead_minutes INTEGER NOT NULL,
    starts_at BIGINT,
    ends_at BIGINT,
    appointment_id BIGINT,
    appointment_revision INTEGER,
    unplaced TEXT,
    PRIMARY KEY (plan_id, ordinal)
);

CREATE TABLE visit (
    id BIGINT NOT NULL PRIMARY KEY,
    site_id BIGINT NOT NULL REFERENCES site (id),
    merchant_id BIGINT NOT NULL REFERENCES merchant (id),
    night TEXT NOT NULL,
    uid TEXT NOT NULL UNIQUE,
    sequence INTEGER NOT NULL,
    cancelled BOOLEAN NOT NULL,
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    UNIQUE (site_id, night)
);
CREATE INDEX visit_by_merchant_night ON visit (merchant_id, night);

CREATE TABLE appointment (
    id BIGINT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    revision INTEGER NOT NULL,
    terminal_id BIGINT NOT NULL REFERENCES terminal (id),
    visit_id BIGINT NOT NULL REFERENCES visit (id),
    plan_id BIGINT REFERENCES plan (id),
    starts_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    notice_lead_minutes INTEGER NOT NULL,
    emergency BOOLEAN NOT NULL,
    announced_at BIGINT,
    note TEXT,
    created_at BIGINT NOT NULL,
    closed_at BIGINT,
    CHECK (starts_at < ends_at)
);
CREATE INDEX appointment_by_state_start ON appointment (state, starts_at);
CREATE INDEX appointment_by_start ON appointment (starts_at);
CREATE INDEX appointment_by_terminal ON appointment (terminal_id);
CREATE INDEX appointment_by_visit ON appointment (visit_id);

CREATE TABLE appointment_work (
    appointment_id BIGINT NOT NULL REFERENCES appointment (id),
    ordinal INTEGER NOT NULL,
    campaign_id BIGINT REFERENCES campaign (id),
    title TEXT NOT NULL,
    PRIMARY KEY (appointment_id, ordinal)
);
CREATE INDEX appointment_work_by_campaign ON appointment_work (campaign_id);

CREATE TABLE notice (
    id BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    merchant_id BIGINT NOT NULL REFERENCES merchant (id),
    night TEXT NOT NULL,
    recipient TEXT NOT NULL,
    locale TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    reason TEXT,
    emergency BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    send_after BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    attempts INTEGER NOT NULL,
    next_attempt_at BIGINT NOT NULL,
    lease_until BIGINT,
    accepted_at BIGINT,
    last_error TEXT,
    subject TEXT,
    envelope_from TEXT,
    message BYTEA
);
CREATE INDEX notice_by_state_due ON notice (state, next_attempt_at);
CREATE INDEX notice_by_merchant_night ON notice (merchant_id, night);

CREATE TABLE notice_visit (
    notice_id BIGINT NOT NULL REFERENCES notice (id),
    visit_id BIGINT NOT NULL REFERENCES visit (id),
    kind TEXT NOT NULL,
    revision INTEGER NOT NULL,
    recipient TEXT NOT NULL,
    previous_starts_at BIGINT,
    previous_ends_at BIGINT,
    PRIMARY KEY (notice_id, visit_id),
    UNIQUE (visit_id, kind, revision, recipient)
);

CREATE TABLE terminal_lock (
    id BIGINT NOT NULL PRIMARY KEY,
    terminal_id BIGINT NOT NULL REFERENCES terminal (id),
    appointment_id BIGINT REFERENCES appointment (id),
    state TEXT NOT NULL,
    cause TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    closed_at BIGINT
);
CREATE INDEX terminal_lock_by_terminal ON terminal_lock (terminal_id);
CREATE INDEX terminal_lock_by_state ON terminal_lock (state);

CREATE TABLE audit (
    id BIGINT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    before TEXT,
    after TEXT,
    reason TEXT
);
CREATE INDEX audit_by_subject ON audit (subject);

-- Identifiers are allotted from here in blocks, so that a bulk insert knows them beforehand.
CREATE SEQUENCE merchant_id;
CREATE SEQUENCE site_id;
CREATE SEQUENCE terminal_id;
CREATE SEQUENCE maintenance_window_id;
CREATE SEQUENCE blackout_id;
CREATE SEQUENCE budget_id;
CREATE SEQUENCE programme_id;
CREATE SEQUENCE campaign_id;
CREATE SEQUENCE plan_id;
CREATE SEQUENCE visit_id;
CREATE SEQUENCE appointment_id;
CREATE SEQUENCE notice_id;
CREATE SEQUENCE terminal_lock_id;
CREATE SEQUENCE audit_id;
