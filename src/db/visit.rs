//! Visits: a site's appointments of one night.

use diesel::prelude::*;

use crate::db::schema::visit;
use crate::db::{Connection, Instant, LOOKUP_KEYS, insert_rows};

/// A visit. `night` is the local date of its evening, as `2026-11-25`.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = visit, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct VisitRow {
    pub id: i64,
    pub site_id: i64,
    pub merchant_id: i64,
    pub night: String,
    pub uid: String,
    pub sequence: i32,
    pub cancelled: bool,
    pub starts_at: Instant,
    pub ends_at: Instant,
}

/// Adds visits.
pub fn insert(connection: &mut Connection, rows: &[VisitRow]) -> QueryResult<()> {
    insert_rows!(connection, visit::table, rows)
}

/// The visits with these ids, in no order.
pub fn by_ids(connection: &mut Connection, ids: &[i64]) -> QueryResult<Vec<VisitRow>> {
    let mut rows = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(LOOKUP_KEYS) {
        rows.extend(visit::table.filter(visit::id.eq_any(chunk)).load::<VisitRow>(connection)?);
    }
    Ok(rows)
}

/// The visit with this calendar UID.
pub fn by_uid(connection: &mut Connection, uid: &str) -> QueryResult<Option<VisitRow>> {
    visit::table.filter(visit::uid.eq(uid)).first(connection).optional()
}

/// Every visit of these sites whose night is one of `nights`.
pub fn at_sites(
    connection: &mut Connection,
    site_ids: &[i64],
    nights: &[&str],
) -> QueryResult<Vec<VisitRow>> {
    let mut rows = Vec::new();
    for sites in site_ids.chunks(LOOKUP_KEYS) {
        for nights in nights.chunks(LOOKUP_KEYS) {
            rows.extend(
                visit::table
                    .filter(visit::site_id.eq_any(sites).and(visit::night.eq_any(nights)))
                    .load::<VisitRow>(connection)?,
            );
        }
    }
    Ok(rows)
}

/// A merchant's visits that stand and end after `instant`, the earliest first.
pub fn of_merchant(
    connection: &mut Connection,
    merchant_id: i64,
    ends_after: Instant,
) -> QueryResult<Vec<VisitRow>> {
    visit::table
        .filter(
            visit::merchant_id
                .eq(merchant_id)
                .and(visit::ends_at.gt(ends_after))
                .and(visit::cancelled.eq(false)),
        )
        .order((visit::starts_at, visit::id))
        .load(connection)
}

/// The latest visits of a site, by night, at most `limit`; those that were called off too.
pub fn of_site(connection: &mut Connection, site_id: i64, limit: i64) -> QueryResult<Vec<VisitRow>> {
    visit::table.filter(visit::site_id.eq(site_id)).order(visit::night.desc()).limit(limit).load(connection)
}

/// The latest visits of a merchant, by their end, at most `limit`.
pub fn latest_of_merchant(
    connection: &mut Connection,
    merchant_id: i64,
    limit: i64,
) -> QueryResult<Vec<VisitRow>> {
    visit::table
        .filter(visit::merchant_id.eq(merchant_id))
        .order(visit::ends_at.desc())
        .limit(limit)
        .load(connection)
}

/// Overwrites everything of a visit but what never changes (site, merchant, UID).
pub fn update(connection: &mut Connection, row: &VisitRow) -> QueryResult<()> {
    diesel::update(visit::table.find(row.id))
        .set((
            visit::night.eq(row.night.clone()),
            visit::sequence.eq(row.sequence),
            visit::cancelled.eq(row.cancelled),
            visit::starts_at.eq(row.starts_at),
            visit::ends_at.eq(row.ends_at),
        ))
        .execute(connection)
        .map(drop)
}
