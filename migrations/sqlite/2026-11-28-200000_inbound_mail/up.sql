-- Mail that came in and changed something, or could not be attributed. The digest tells whether the same came before.
-- Notice and visit are named without a reference: what came in is forgotten by itself, and keeps nothing else alive.
CREATE TABLE inbound_mail (
    id BIGINT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,
    received_at BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    why TEXT NOT NULL,
    sender TEXT,
    recipient TEXT,
    subject TEXT NOT NULL,
    notice_id BIGINT,
    visit_id BIGINT,
    excerpt TEXT,
    done_at BIGINT,
    done_by TEXT
);
CREATE INDEX inbound_mail_by_outcome ON inbound_mail (outcome, id);
CREATE INDEX inbound_mail_by_time ON inbound_mail (received_at);

-- Merchants whom no mail can reach are looked up by their address, or for want of one.
CREATE INDEX merchant_by_address ON merchant (lower(email));

INSERT INTO id_sequence (name, next_id) VALUES ('inbound_mail', 1);
