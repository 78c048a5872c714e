//! What a timeline shows: sites by region and code, and their appointments of some nights. Each question is a run of
//! an index, however large the fleet is.

use diesel::dsl::exists;
use diesel::prelude::*;

use crate::db::appointment::AppointmentRow;
use crate::db::fleet::SiteRow;
use crate::db::schema::{appointment, appointment_work, site, visit};
use crate::db::{Connection, Instant, one_of, unless_empty};
use crate::domain::appointment::AppointmentState;

/// Nights by their dates, both included.
#[derive(Clone, Debug)]
pub struct Nights {
    /// The first, as `2026-11-25`.
    pub first: String,
    /// The last.
    pub last: String,
}

/// That a site is visited in one of these nights.
macro_rules! visited_in {
    ($nights:expr) => {
        exists(
            visit::table.filter(
                visit::site_id
                    .eq(site::id)
                    .and(visit::night.ge($nights.first.clone()))
                    .and(visit::night.le($nights.last.clone())),
            ),
        )
    };
}

/// Every region with its number of sites.
pub fn regions(connection: &mut Connection) -> QueryResult<Vec<(String, i64)>> {
    site::table
        .group_by(site::region)
        .select((site::region, diesel::dsl::count_star()))
        .order(site::region)
        .load(connection)
}

/// The sites of at most `limit` visits in these nights, in no order.
pub fn visited_sites(connection: &mut Connection, nights: &Nights, limit: i64) -> QueryResult<Vec<i64>> {
    visit::table
        .filter(visit::night.ge(&nights.first).and(visit::night.le(&nights.last)))
        .select(visit::site_id)
        .limit(limit)
        .load(connection)
}

/// At most `limit` appointments of one of these states that start in a span, as their sites, in no order.
pub fn sites_in_states(
    connection: &mut Connection,
    states: &[AppointmentState],
    from: Instant,
    to: Instant,
    limit: i64,
) -> QueryResult<Vec<i64>> {
    let mut found = Vec::new();
    for state in states {
        let rows: Vec<i64> = appointment::table
            .inner_join(visit::table)
            .filter(appointment::state.eq(state.as_str()))
            .filter(appointment::starts_at.ge(from).and(appointment::starts_at.lt(to)))
            .select(visit::site_id)
            .limit(limit)
            .load(connection)?;
        found.extend(rows);
    }
    Ok(found)
}

/// At most `limit` appointments with work of a campaign, as their sites, in no order.
pub fn sites_of_campaign(connection: &mut Connection, campaign_id: i64, limit: i64) -> QueryResult<Vec<i64>> {
    appointment_work::table
        .inner_join(appointment::table.inner_join(visit::table))
        .filter(appointment_work::campaign_id.eq(campaign_id))
        .select(visit::site_id)
        .limit(limit)
        .load(connection)
}

/// The sites of a region after a code, in the order of their codes; only those visited in `nights`, if that is given.
pub fn sites_of_region(
    connection: &mut Connection,
    region: &str,
    after: &str,
    nights: Option<&Nights>,
    limit: i64,
) -> QueryResult<Vec<SiteRow>> {
    let mut query = site::table
        .filter(site::region.eq(region.to_owned()).and(site::code.gt(after.to_owned())))
        .into_boxed();
    if let Some(nights) = nights {
        query = query.filter(visited_in!(nights));
    }
    query.order(site::code).limit(limit).load(connection)
}

/// What these sites have in these nights: live appointments that meet the span, the earliest first.
pub fn appointments_at(
    connection: &mut Connection,
    site_ids: &[i64],
    nights: &Nights,
    from: Instant,
    to: Instant,
) -> QueryResult<Vec<AppointmentRow>> {
    unless_empty!(site_ids);
    let visits: Vec<i64> = visit::table
        .filter(one_of(connection, visit::site_id, site_ids))
        .filter(visit::night.ge(&nights.first).and(visit::night.le(&nights.last)))
        .select(visit::id)
        .load(connection)?;
    let mut rows = crate::db::appointment::of_visits(connection, &visits)?;
    rows.retain(|row| row.starts_at < to && row.ends_at > from);
    rows.sort_unstable_by_key(|row| (row.starts_at, row.id));
    Ok(rows)
}

/// A merchant's sites; only those visited in `nights`, if that is given.
pub fn sites_of_merchant(
    connection: &mut Connection,
    merchant_id: i64,
    nights: Option<&Nights>,
) -> QueryResult<Vec<SiteRow>> {
    let mut query = site::table.filter(site::merchant_id.eq(merchant_id)).into_boxed();
    if let Some(nights) = nights {
        query = query.filter(visited_in!(nights));
    }
    query.load(connection)
}
