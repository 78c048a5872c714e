//! Figures of the outbox.

use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use crate::db::schema::notice;
use crate::db::{Connection, Instant};
use crate::domain::notice::NoticeState;

/// How many notices there are of each kind in each state.
pub fn by_kind_and_state(connection: &mut Connection) -> QueryResult<Vec<(String, String, i64)>> {
    notice::table
        .group_by((notice::kind, notice::state))
        .select((notice::kind, notice::state, count_star()))
        .order((notice::kind, notice::state))
        .load(connection)
}

/// How many notices there are to each domain in each state.
pub fn by_domain_and_state(connection: &mut Connection) -> QueryResult<Vec<(String, String, i64)>> {
    notice::table
        .group_by((notice::domain, notice::state))
        .select((notice::domain, notice::state, count_star()))
        .load(connection)
}

/// From when they might leave to their acceptance: notices accepted since `since`, among the latest `limit`.
pub fn acceptances(
    connection: &mut Connection,
    since: Instant,
    limit: i64,
) -> QueryResult<Vec<(Instant, Option<Instant>)>> {
    let latest: Option<i64> = notice::table.select(max(notice::id)).first(connection)?;
    notice::table
        .filter(
            notice::id
                .gt(latest.unwrap_or_default().saturating_sub(limit))
                .and(notice::state.eq(NoticeState::Accepted.as_str()))
                .and(notice::accepted_at.ge(since)),
        )
        .select((notice::send_after, notice::accepted_at))
        .load(connection)
}

/// Failed notices that a server refused for what we are, since `since`, the latest first: domain and what it said.
pub fn refused_for_policy(
    connection: &mut Connection,
    since: Instant,
    limit: i64,
) -> QueryResult<Vec<(i64, String, Option<String>)>> {
    notice::table
        .filter(
            notice::state
                .eq(NoticeState::Failed.as_str())
                .and(notice::urgent.eq_any([true, false]))
                .and(notice::next_attempt_at.ge(since))
                .and(notice::refused_for.eq("policy")),
        )
        .order(notice::id.desc())
        .limit(limit)
        .select((notice::id, notice::domain, notice::last_error))
        .load(connection)
}

/// Notices to this domain that failed or were put off, and are of use after `now`: they are due at once. Those that had
/// failed are in the queue again.
pub fn retry_domain(connection: &mut Connection, domain: &str, now: Instant) -> QueryResult<usize> {
    let of_use = notice::domain.eq(domain).and(notice::expires_at.gt(now));
    let deferred =
        diesel::update(notice::table.filter(of_use.and(notice::state.eq(NoticeState::Deferred.as_str()))))
            .set(notice::next_attempt_at.eq(now))
            .execute(connection)?;
    let over = [NoticeState::Failed.as_str(), NoticeState::Bounced.as_str()];
    let failed = diesel::update(notice::table.filter(of_use.and(notice::state.eq_any(over))))
        .set((
            notice::state.eq(NoticeState::Queued.as_str()),
            notice::next_attempt_at.eq(now),
            notice::refused_for.eq(None::<String>),
        ))
        .execute(connection)?;
    Ok(deferred + failed)
}
