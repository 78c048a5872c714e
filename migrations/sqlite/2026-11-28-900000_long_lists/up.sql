-- What lists of a large fleet ask for beside their order: each is a run of one of these.
CREATE INDEX merchant_without_address ON merchant (id) WHERE email IS NULL;
CREATE INDEX plan_item_unplaced ON plan_item (plan_id, ordinal) WHERE starts_at IS NULL;
CREATE INDEX plan_item_moving ON plan_item (plan_id, ordinal) WHERE appointment_id IS NOT NULL;
CREATE INDEX audit_by_action ON audit (action, id);
CREATE INDEX audit_by_time ON audit (at, id);
CREATE INDEX notice_by_kind ON notice (kind, state, id);
CREATE INDEX visit_answer_by_word ON visit_answer (answer, answered_at, visit_id);
CREATE INDEX appointment_work_of_campaign ON appointment_work (campaign_id, appointment_id);
DROP INDEX appointment_work_by_campaign;
