//! Visits to come of which a merchant has not been told, or not in time.

use std::collections::HashMap;

use diesel::dsl::sql;
use diesel::expression::SqlLiteral;
use diesel::prelude::*;
use diesel::sql_types::Bool;

use crate::db::schema::{appointment, merchant, notice, notice_visit, suppression, visit};
use crate::db::visit::VisitRow;
use crate::db::{Connection, Instant, one_of, unless_empty};
use crate::domain::appointment::AppointmentState;
use crate::domain::notice::{NoticeKind, NoticeState};

/// Merchants whose visits are looked at.
const MERCHANTS_MAX: i64 = 20_000;

/// Visits that stand and begin after `now`, whose announcement as they stand has failed, with its state and
/// last error.
pub fn refused(
    connection: &mut Connection,
    now: Instant,
    limit: i64,
) -> QueryResult<Vec<(VisitRow, String, Option<String>)>> {
    let over = [NoticeState::Failed.as_str(), NoticeState::Bounced.as_str(), NoticeState::Expired.as_str()];
    let announcing = [NoticeKind::Announcement.as_str(), NoticeKind::Moved.as_str()];
    notice_visit::table
        .inner_join(notice::table)
        .inner_join(visit::table)
        .filter(
            notice::state
                .eq_any(over)
                .and(notice::kind.eq_any(announcing))
                .and(notice_visit::revision.eq(visit::sequence))
                .and(visit::cancelled.eq(false))
                .and(visit::starts_at.gt(now)),
        )
        .order((visit::starts_at, visit::id, notice::id.desc()))
        .limit(limit)
        .select((visit::all_columns, notice::state, notice::last_error))
        .load(connection)
}

/// Visits that stand and begin after `now`, whose merchant has no address.
pub fn without_address(connection: &mut Connection, now: Instant, limit: i64) -> QueryResult<Vec<VisitRow>> {
    // From the merchants, who are few, to their visits: asked for both at once, SQLite walks through every visit.
    let ids: Vec<i64> = merchant::table
        .filter(merchant::email.is_null())
        .order(merchant::id)
        .limit(MERCHANTS_MAX)
        .select(merchant::id)
        .load(connection)?;
    to_come(connection, now, &ids, limit)
}

/// Visits of these merchants that stand and begin after `now`, the earliest first.
fn to_come(
    connection: &mut Connection,
    now: Instant,
    merchant_ids: &[i64],
    limit: i64,
) -> QueryResult<Vec<VisitRow>> {
    unless_empty!(merchant_ids);
    visit::table
        .filter(one_of(connection, visit::merchant_id, merchant_ids).and(visit::ends_at.gt(now)))
        .filter(visit::cancelled.eq(false).and(visit::starts_at.gt(now)))
        .order((visit::starts_at, visit::id))
        .limit(limit)
        .load(connection)
}

/// Visits that stand and begin after `now`, whose merchant's address takes no mail, and why.
pub fn suppressed(
    connection: &mut Connection,
    now: Instant,
    limit: i64,
) -> QueryResult<Vec<(VisitRow, String)>> {
    // From the few addresses to their merchants, by the index over addresses in lower case: SQLite takes it for what is
    // compared with an expression alone, not with a column.
    let same = sql::<Bool>("lower(merchant.email) = (suppression.address || '')");
    let reasons: HashMap<i64, String> = suppression::table
        .inner_join(merchant::table.on(same))
        .limit(MERCHANTS_MAX)
        .select((merchant::id, suppression::reason))
        .load::<(i64, String)>(connection)?
        .into_iter()
        .collect();
    let mut ids: Vec<i64> = reasons.keys().copied().collect();
    ids.sort_unstable();
    let with_reason = |visit: VisitRow| {
        let why = reasons.get(&visit.merchant_id)?.clone();
        Some((visit, why))
    };
    Ok(to_come(connection, now, &ids, limit)?.into_iter().filter_map(with_reason).collect())
}

/// Visits with an appointment that begins between `now` and `until`, has not been announced, and will soon be, or is
/// already, too late to be: its notice lead begins before `lead_begins`.
pub fn late(
    connection: &mut Connection,
    now: Instant,
    until: Instant,
    lead_begins: Instant,
    limit: i64,
) -> QueryResult<Vec<i64>> {
    const MICROS_A_MINUTE: i64 = 60_000_000;
    let mut rows = Vec::new();
    let mut after = (now, 0);
    loop {
        let page: Vec<(i64, i64, Instant, i32)> = appointment::table
            .filter(
                appointment::state
                    .eq(AppointmentState::Planned.as_str())
                    .and(appointment::emergency.eq(false))
                    .and(appointment::starts_at.le(until))
                    .and(
                        appointment::starts_at
                            .gt(after.0)
                            .or(appointment::starts_at.eq(after.0).and(appointment::id.gt(after.1))),
                    ),
            )
            .order((appointment::starts_at, appointment::id))
            .limit(limit)
            .select((
                appointment::id,
                appointment::visit_id,
                appointment::starts_at,
                appointment::notice_lead_minutes,
            ))
            .load(connection)?;
        let Some((id, _, starts_at, _)) = page.last() else { return Ok(rows) };
        after = (*starts_at, *id);
        let begins = lead_begins.utc().timestamp_micros();
        rows.extend(page.into_iter().filter_map(|(_, visit_id, starts_at, lead_minutes)| {
            let lead = i64::from(lead_minutes) * MICROS_A_MINUTE;
            (starts_at.utc().timestamp_micros() - lead <= begins).then_some(visit_id)
        }));
        if rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
            return Ok(rows);
        }
    }
}

/// Of an appointment whose merchant was told later than its notice lead asks for: it will not open. The index that finds
/// these has the same words.
fn is_told_late() -> SqlLiteral<Bool> {
    sql("appointment.state = 'announced' AND appointment.emergency = FALSE \
         AND appointment.announced_at > appointment.starts_at - CAST(appointment.notice_lead_minutes AS BIGINT) * 60000000")
}

/// Visits with an appointment that begins after `now` and was announced too late, the earliest first.
pub fn told_late(connection: &mut Connection, now: Instant, limit: i64) -> QueryResult<Vec<i64>> {
    appointment::table
        .filter(is_told_late().and(appointment::starts_at.gt(now)))
        .order((appointment::starts_at, appointment::id))
        .limit(limit)
        .select(appointment::visit_id)
        .load(connection)
}

/// The appointments of a visit that wait for their announcement, or were announced too late, wait no longer; how many.
pub fn waive(connection: &mut Connection, visit_id: i64) -> QueryResult<usize> {
    let planned = appointment::state.eq(AppointmentState::Planned.as_str());
    diesel::update(
        appointment::table.filter(appointment::visit_id.eq(visit_id).and(planned.or(is_told_late()))),
    )
    .set(appointment::emergency.eq(true))
    .execute(connection)
}

/// The merchant of a visit knew earlier than it was announced: what was announced too late counts from then; how many.
pub fn told_earlier(connection: &mut Connection, visit_id: i64, at: Instant) -> QueryResult<usize> {
    let late = appointment::visit_id.eq(visit_id).and(is_told_late()).and(appointment::announced_at.gt(at));
    diesel::update(appointment::table.filter(late)).set(appointment::announced_at.eq(at)).execute(connection)
}
