DROP INDEX visit_by_night;
DROP INDEX site_by_region_code;
