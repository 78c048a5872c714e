//! Sending as the outbox knows it: workers claim notices, keep their words, and say how each attempt ended.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::db::notice::NoticeRow;
use crate::db::schema::{notice, notice_message};
use crate::db::{Connection, Instant, one_of, unless_empty};
use crate::domain::notice::NoticeState;

/// The rendered bytes of a notice: every attempt sends these.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = notice_message, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct NoticeMessageRow {
    pub notice_id: i64,
    pub message: Vec<u8>,
}

/// Which notices a worker wants.
#[derive(Clone, Copy, Debug)]
#[allow(missing_docs)]
pub struct Wanted<'a> {
    pub limit: i64,
    /// Only what goes before others.
    pub urgent_only: bool,
    /// Nothing that goes to these domains.
    pub except: &'a [String],
}

/// Claims notices that are due, or whose worker's lease has run out, until `lease_until`: first what is urgent, then
/// what has been due for longest. Two workers never claim the same one. Within a transaction.
pub fn claim(
    connection: &mut Connection,
    now: Instant,
    lease_until: Instant,
    wanted: Wanted<'_>,
) -> QueryResult<Vec<NoticeRow>> {
    let sending = NoticeState::Sending.as_str();
    let Wanted { limit, urgent_only, except } = wanted;
    let mut due: Vec<(bool, Instant, i64)> = Vec::new();
    // One question a state and urgency: the index that begins with both answers each, however many are due.
    for urgent in [true, false] {
        if !urgent && (urgent_only || due.len() >= usize::try_from(limit).unwrap_or(usize::MAX)) {
            break;
        }
        for state in [NoticeState::Sending, NoticeState::Deferred, NoticeState::Queued] {
            let of_state = notice::table
                .filter(notice::state.eq(state.as_str()).and(notice::urgent.eq(urgent)))
                .filter(notice::domain.ne_all(except))
                .order((notice::next_attempt_at, notice::id))
                .limit(limit)
                .select((notice::next_attempt_at, notice::id));
            let found: Vec<(Instant, i64)> = match (&mut *connection, state) {
                (Connection::Postgres(inner), NoticeState::Sending) => of_state
                    .filter(notice::lease_until.le(now))
                    .for_no_key_update()
                    .skip_locked()
                    .load(inner)?,
                (Connection::Postgres(inner), _) => of_state
                    .filter(notice::next_attempt_at.le(now))
                    .for_no_key_update()
                    .skip_locked()
                    .load(inner)?,
                (Connection::Sqlite(inner), NoticeState::Sending) => {
                    of_state.filter(notice::lease_until.le(now)).load(inner)?
                }
                (Connection::Sqlite(inner), _) => {
                    of_state.filter(notice::next_attempt_at.le(now)).load(inner)?
                }
            };
            due.extend(found.into_iter().map(|(at, id)| (!urgent, at, id)));
        }
    }
    due.sort_unstable();
    due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let ids: Vec<i64> = due.into_iter().map(|(_, _, id)| id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let mut rows: Vec<NoticeRow> = diesel::update(notice::table.filter(one_of(connection, notice::id, &ids)))
        .set((
            notice::state.eq(sending),
            notice::lease_until.eq(Some(lease_until)),
            notice::attempts.eq(notice::attempts + 1),
        ))
        .get_results(connection)?;
    rows.sort_by_key(|row| (!row.urgent, row.next_attempt_at, row.id));
    Ok(rows)
}

/// State and attempt of each of these notices.
pub fn attempts_of(connection: &mut Connection, ids: &[i64]) -> QueryResult<HashMap<i64, (String, i32)>> {
    unless_empty!(ids);
    let rows: Vec<(i64, String, i32)> = notice::table
        .filter(one_of(connection, notice::id, ids))
        .select((notice::id, notice::state, notice::attempts))
        .load(connection)?;
    Ok(rows.into_iter().map(|(id, state, attempts)| (id, (state, attempts))).collect())
}

/// Keeps the rendered bytes: every attempt sends these.
pub fn store_message(
    connection: &mut Connection,
    id: i64,
    subject: &str,
    envelope_from: &str,
    message: &[u8],
) -> QueryResult<()> {
    diesel::update(notice::table.find(id))
        .set((notice::subject.eq(Some(subject)), notice::envelope_from.eq(Some(envelope_from))))
        .execute(connection)?;
    let row = NoticeMessageRow { notice_id: id, message: message.to_vec() };
    diesel::insert_into(notice_message::table).values(row).execute(connection).map(drop)
}

/// The rendered bytes of these notices, as far as they have been put into words.
pub fn messages_of(connection: &mut Connection, ids: &[i64]) -> QueryResult<HashMap<i64, Vec<u8>>> {
    unless_empty!(ids);
    let rows: Vec<NoticeMessageRow> =
        notice_message::table.filter(one_of(connection, notice_message::notice_id, ids)).load(connection)?;
    Ok(rows.into_iter().map(|row| (row.notice_id, row.message)).collect())
}

/// How an attempt, or a wait, ended.
#[derive(Clone, Debug)]
#[allow(missing_docs)]
pub struct Ending<'a> {
    pub state: NoticeState,
    pub accepted_at: Option<Instant>,
    pub next_attempt_at: Option<Instant>,
    pub error: Option<&'a str>,
}

/// Ends an attempt that is still under way in the ending's state and gives up the lease; whether it was.
pub fn end_attempt(
    connection: &mut Connection,
    id: i64,
    attempt: i32,
    ending: &Ending<'_>,
) -> QueryResult<bool> {
    let under_way = notice::state.eq(NoticeState::Sending.as_str()).and(notice::attempts.eq(attempt));
    let rows = diesel::update(notice::table.filter(notice::id.eq(id).and(under_way)))
        .set((
            notice::state.eq(ending.state.as_str()),
            notice::lease_until.eq(None::<Instant>),
            notice::accepted_at.eq(ending.accepted_at),
            notice::last_error.eq(ending.error),
        ))
        .execute(connection)?;
    if rows > 0
        && let Some(next) = ending.next_attempt_at
    {
        diesel::update(notice::table.find(id)).set(notice::next_attempt_at.eq(next)).execute(connection)?;
    }
    Ok(rows > 0)
}

/// Puts a notice that nobody has put into words back into the queue until `at`: one that waits there, or the one of
/// this attempt; whether it was one.
pub fn postpone(
    connection: &mut Connection,
    id: i64,
    attempt: Option<i32>,
    at: Instant,
) -> QueryResult<bool> {
    let state = if attempt.is_some() { NoticeState::Sending } else { NoticeState::Queued };
    let waiting = notice::table
        .filter(notice::id.eq(id).and(notice::state.eq(state.as_str())).and(notice::envelope_from.is_null()));
    let mut query = diesel::update(waiting).into_boxed();
    if let Some(attempt) = attempt {
        query = query.filter(notice::attempts.eq(attempt));
    }
    query
        .set((
            notice::state.eq(NoticeState::Queued.as_str()),
            notice::lease_until.eq(None::<Instant>),
            notice::next_attempt_at.eq(at),
        ))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// These notices were accepted at `now`, as far as a worker still has them; those that were, with their kinds.
pub fn accept(connection: &mut Connection, ids: &[i64], now: Instant) -> QueryResult<Vec<(i64, String)>> {
    unless_empty!(ids);
    let from: Vec<&str> = NoticeState::Accepted.previous().into_iter().map(NoticeState::as_str).collect();
    let these = one_of(connection, notice::id, ids).and(notice::state.concat("").eq_any(from));
    diesel::update(notice::table.filter(these))
        .set((
            notice::state.eq(NoticeState::Accepted.as_str()),
            notice::lease_until.eq(None::<Instant>),
            notice::accepted_at.eq(Some(now)),
            notice::last_error.eq(None::<String>),
        ))
        .returning((notice::id, notice::kind))
        .get_results(connection)
}
