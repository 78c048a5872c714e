//! Visits: a site's appointments of one night.

use diesel::prelude::*;

use crate::db::copy::RowDigest;
use crate::db::schema::visit;
use crate::db::{Connection, Instant, insert_rows, one_of, unless_empty};

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
    unless_empty!(ids);
    visit::table.filter(one_of(connection, visit::id, ids)).load(connection)
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
    unless_empty!(nights);
    unless_empty!(site_ids);
    visit::table
        .filter(one_of(connection, visit::site_id, site_ids).and(one_of(connection, visit::night, nights)))
        .load(connection)
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

/// A digest of a visit.
pub fn digest(connection: &mut Connection, id: i64) -> QueryResult<String> {
    let mut digest = RowDigest::default();
    by_ids(connection, &[id])?.iter().for_each(|row| digest.add(row));
    Ok(digest.finished().sha256)
}
