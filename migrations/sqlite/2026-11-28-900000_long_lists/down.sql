CREATE INDEX appointment_work_by_campaign ON appointment_work (campaign_id);
DROP INDEX appointment_work_of_campaign;
DROP INDEX visit_answer_by_word;
DROP INDEX notice_by_kind;
DROP INDEX audit_by_time;
DROP INDEX audit_by_action;
DROP INDEX plan_item_moving;
DROP INDEX plan_item_unplaced;
DROP INDEX merchant_without_address;
