DROP INDEX notice_by_state;
DROP INDEX terminal_by_lower_tid;
DROP INDEX terminal_by_lower_serial;
DROP INDEX site_by_lower_name;
DROP INDEX site_by_lower_code;
DROP INDEX merchant_by_lower_name;
DROP INDEX merchant_by_lower_number;
