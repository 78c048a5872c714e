-- Secrets that merchants' links are signed with; the highest number signs, the others still open links.
CREATE TABLE link_key (
    number INTEGER NOT NULL PRIMARY KEY,
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- What merchants have answered about a visit, the latest answer only; older ones are on the audit trail.
CREATE TABLE visit_answer (
    visit_id BIGINT NOT NULL PRIMARY KEY REFERENCES visit (id),
    revision INTEGER NOT NULL,
    answer TEXT NOT NULL,
    via TEXT NOT NULL,
    words TEXT,
    answered_at BIGINT NOT NULL
);

-- Merchants who do without optional mail.
CREATE TABLE merchant_without_optional (
    merchant_id BIGINT NOT NULL PRIMARY KEY REFERENCES merchant (id),
    since BIGINT NOT NULL
);

CREATE INDEX visit_by_merchant ON visit (merchant_id, ends_at);
