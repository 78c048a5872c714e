-- What somebody has asked for and a second person has to say yes to. `request` is what is carried out, as JSON; the digest
-- covers it and what it refers to, so that neither changes between the question and the answer.
CREATE TABLE approval (
    id INTEGER NOT NULL PRIMARY KEY,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    request TEXT NOT NULL,
    digest TEXT NOT NULL,
    words TEXT NOT NULL,
    reason TEXT,
    state TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_by TEXT,
    decided_at BIGINT,
    decision TEXT,
    outcome TEXT
);
CREATE INDEX approval_by_state ON approval (state, id);

INSERT INTO id_sequence (name, next_id) VALUES ('approval', 1);
