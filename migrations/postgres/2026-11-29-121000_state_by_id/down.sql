DROP INDEX appointment_state_by_id;
