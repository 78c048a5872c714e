-- The sites of a region in their order, and the sites that are visited in some nights: what a timeline asks, page by
-- page.
CREATE INDEX site_by_region_code ON site (region, code);
CREATE INDEX visit_by_night ON visit (night, site_id);
