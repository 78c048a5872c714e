//! What the groups of every terminal are read from once, and what is then read of a span: the appointments that meet it,
//! from an index that holds all that is asked, joined to nothing.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use super::group::earliest_start;
use crate::db::schema::{appointment, merchant, site, terminal};
use crate::db::{Connection, Instant, on_each, one_of, unless_empty};

/// An active terminal, with the names of its groups.
#[derive(Debug, Queryable)]
#[allow(missing_docs)]
pub struct PlaceRow {
    pub id: i64,
    pub site_id: i64,
    pub acquirer_host: String,
    pub carrier: Option<String>,
    pub cell: Option<String>,
    pub model: String,
}

/// Active terminals by id, at most `limit` after this one.
pub fn terminals_after(connection: &mut Connection, after: i64, limit: i64) -> QueryResult<Vec<PlaceRow>> {
    terminal::table
        .filter(terminal::id.gt(after).and(terminal::retired.eq(false)))
        .order(terminal::id)
        .limit(limit)
        .select((
            terminal::id,
            terminal::site_id,
            terminal::acquirer_host,
            terminal::carrier,
            terminal::cell,
            terminal::model,
        ))
        .load(connection)
}

/// Sites by id, at most `limit` after this one: id, region, number of the merchant.
pub fn sites_after(
    connection: &mut Connection,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<(i64, String, String)>> {
    site::table
        .inner_join(merchant::table)
        .filter(site::id.gt(after))
        .order(site::id)
        .limit(limit)
        .select((site::id, site::region, merchant::number))
        .load(connection)
}

/// The span of one appointment: terminal, start, end.
pub type SpanRow = (i64, Instant, Instant);

/// The spans of the appointments in one of these states that meet `from..to`.
pub fn spans(
    connection: &mut Connection,
    states: &[&str],
    from: Instant,
    to: Instant,
) -> QueryResult<Vec<SpanRow>> {
    let earliest = earliest_start(connection, from)?;
    // The span alone picks the index: the empty text keeps the state out of the choice.
    let met = appointment::table
        .filter(appointment::starts_at.ge(earliest).and(appointment::starts_at.lt(to)))
        .filter(appointment::ends_at.gt(from))
        .filter(sql::<Text>("(appointment.state || '')").eq_any(states))
        .select((appointment::terminal_id, appointment::starts_at, appointment::ends_at));
    on_each!(connection, inner => met.load(inner))
}

/// An appointment that has or had a part in a night.
#[derive(Debug, Clone, Queryable)]
#[allow(missing_docs)]
pub struct NightSpanRow {
    pub id: i64,
    pub state: String,
    pub terminal_id: i64,
    pub starts_at: Instant,
    pub ends_at: Instant,
}

macro_rules! night_span_columns {
    () => {
        (
            appointment::id,
            appointment::state,
            appointment::terminal_id,
            appointment::starts_at,
            appointment::ends_at,
        )
    };
}

/// The appointments that meet `from..to`, in whatever state.
pub fn night_spans(
    connection: &mut Connection,
    from: Instant,
    to: Instant,
) -> QueryResult<Vec<NightSpanRow>> {
    let earliest = earliest_start(connection, from)?;
    appointment::table
        .filter(appointment::starts_at.ge(earliest).and(appointment::starts_at.lt(to)))
        .filter(appointment::ends_at.gt(from))
        .select(night_span_columns!())
        .load(connection)
}

/// These appointments, in no order.
pub fn night_spans_of(connection: &mut Connection, ids: &[i64]) -> QueryResult<Vec<NightSpanRow>> {
    unless_empty!(ids);
    appointment::table
        .filter(one_of(connection, appointment::id, ids))
        .select(night_span_columns!())
        .load(connection)
}
