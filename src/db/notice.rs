//! The outbox: notices and the visits they are about.

use std::collections::{BTreeMap, HashMap};

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::db::schema::{merchant, notice, notice_visit};
use crate::db::{Connection, Instant, insert_rows, one_of, unless_empty};
use crate::domain::notice::{NoticeKind, NoticeState};

/// A notice. From the first attempt on it has its words: subject and sender here, its bytes beside it.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = notice, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct NoticeRow {
    pub id: i64,
    pub kind: String,
    pub state: String,
    pub merchant_id: i64,
    pub night: String,
    pub recipient: String,
    pub locale: String,
    pub message_id: String,
    pub reason: Option<String>,
    pub emergency: bool,
    pub created_at: Instant,
    pub send_after: Instant,
    pub expires_at: Instant,
    pub attempts: i32,
    pub next_attempt_at: Instant,
    pub lease_until: Option<Instant>,
    pub accepted_at: Option<Instant>,
    pub last_error: Option<String>,
    pub subject: Option<String>,
    pub envelope_from: Option<String>,
    pub domain: String,
    pub urgent: bool,
    pub deferrals: i32,
    pub refused_for: Option<String>,
}

/// That a notice is about a visit as it stands in one revision.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = notice_visit, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct NoticeVisitRow {
    pub notice_id: i64,
    pub visit_id: i64,
    pub kind: String,
    pub revision: i32,
    pub recipient: String,
    pub previous_starts_at: Option<Instant>,
    pub previous_ends_at: Option<Instant>,
}

/// Which notices a list wants.
#[derive(Clone, Debug, Default)]
#[allow(missing_docs)]
pub struct Filter<'a> {
    pub state: Option<NoticeState>,
    pub kind: Option<NoticeKind>,
    pub merchant_number: Option<&'a str>,
    pub merchant_id: Option<i64>,
    pub ids: Option<&'a [i64]>,
    pub before_id: Option<i64>,
}

/// Adds notices and what they are about.
pub fn insert(connection: &mut Connection, rows: &[NoticeRow], visits: &[NoticeVisitRow]) -> QueryResult<()> {
    insert_rows!(connection, notice::table, rows)?;
    insert_rows!(connection, notice_visit::table, visits)
}

/// One notice.
pub fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<NoticeRow>> {
    notice::table.find(id).first(connection).optional()
}

/// Notices, the latest first, at most `limit`.
pub fn list(connection: &mut Connection, filter: &Filter<'_>, limit: i64) -> QueryResult<Vec<NoticeRow>> {
    let by_kind = (filter.kind.is_some() || filter.state.is_some())
        && filter.merchant_number.is_none()
        && filter.merchant_id.is_none()
        && filter.ids.is_none();
    if !by_kind {
        return list_in(connection, filter, limit);
    }
    // One kind and state after the other: each is a run of the index by both, however large the outbox is.
    let mut rows = Vec::new();
    for kind in NoticeKind::ALL.iter().filter(|kind| filter.kind.is_none_or(|only| only == **kind)) {
        for state in NoticeState::ALL.iter().filter(|state| filter.state.is_none_or(|only| only == **state)) {
            let only = Filter { kind: Some(*kind), state: Some(*state), ..filter.clone() };
            rows.extend(list_in(connection, &only, limit)?);
        }
    }
    rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.id));
    rows.truncate(usize::try_from(limit).unwrap_or_default());
    Ok(rows)
}

fn list_in(connection: &mut Connection, filter: &Filter<'_>, limit: i64) -> QueryResult<Vec<NoticeRow>> {
    let mut merchant_id = filter.merchant_id;
    if let Some(number) = filter.merchant_number {
        // Found first: joined, its notices would be sought among all of a state.
        let numbered = merchant::table.filter(merchant::number.eq(number)).select(merchant::id);
        let Some(id) = numbered.first(connection).optional()? else { return Ok(Vec::new()) };
        if merchant_id.is_some_and(|other| other != id) {
            return Ok(Vec::new());
        }
        merchant_id = Some(id);
    }
    let mut query = notice::table.into_boxed();
    if let Some(id) = merchant_id {
        query = query.filter(notice::merchant_id.eq(id));
    }
    if let Some(state) = filter.state {
        query = match merchant_id {
            // The empty text keeps the state out of the choice of an index: a merchant has few notices, a state millions.
            Some(_) => query.filter(sql::<Text>("notice.state || ''").eq(state.as_str())),
            None => query.filter(notice::state.eq(state.as_str())),
        };
    }
    if let Some(kind) = filter.kind {
        query = query.filter(notice::kind.eq(kind.as_str()));
    }
    if let Some(ids) = filter.ids {
        query = query.filter(one_of(connection, notice::id, ids));
    }
    if let Some(id) = filter.before_id {
        query = query.filter(notice::id.lt(id));
    }
    query.order(notice::id.desc()).limit(limit).load(connection)
}

/// Notices by state.
pub fn counts(connection: &mut Connection) -> QueryResult<BTreeMap<String, i64>> {
    let rows: Vec<(String, i64)> = notice::table
        .group_by(notice::state)
        .select((notice::state, diesel::dsl::count_star()))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// The visits that these notices are about.
pub fn visits_of(connection: &mut Connection, notice_ids: &[i64]) -> QueryResult<Vec<NoticeVisitRow>> {
    unless_empty!(notice_ids);
    notice_visit::table.filter(one_of(connection, notice_visit::notice_id, notice_ids)).load(connection)
}

/// What has been queued about these visits, with the state of each notice and whether it has been put into
/// words (from then on it may have reached somebody).
pub fn about_visits(
    connection: &mut Connection,
    visit_ids: &[i64],
) -> QueryResult<Vec<(NoticeVisitRow, String, bool)>> {
    unless_empty!(visit_ids);
    notice_visit::table
        .inner_join(notice::table)
        .filter(one_of(connection, notice_visit::visit_id, visit_ids))
        .select((notice_visit::all_columns, notice::state, notice::envelope_from.is_not_null()))
        .load(connection)
}

/// When each of these notices may leave.
pub fn send_after_of(connection: &mut Connection, ids: &[i64]) -> QueryResult<HashMap<i64, Instant>> {
    unless_empty!(ids);
    let rows: Vec<(i64, Instant)> = notice::table
        .filter(one_of(connection, notice::id, ids))
        .select((notice::id, notice::send_after))
        .load(connection)?;
    Ok(rows.into_iter().collect())
}

/// Takes a visit off these notices.
pub fn remove_visit(connection: &mut Connection, notice_ids: &[i64], visit_id: i64) -> QueryResult<()> {
    unless_empty!(notice_ids);
    let of_visit =
        notice_visit::visit_id.eq(visit_id).and(one_of(connection, notice_visit::notice_id, notice_ids));
    diesel::delete(notice_visit::table.filter(of_visit)).execute(connection).map(drop)
}

/// These notices enter `state` from one that allows it, whoever has them, with the words for it; how many were in one.
pub fn enter(
    connection: &mut Connection,
    ids: &[i64],
    state: NoticeState,
    why: Option<&str>,
) -> QueryResult<usize> {
    unless_empty!(ids);
    let from: Vec<&str> = state.previous().into_iter().map(NoticeState::as_str).collect();
    let these = one_of(connection, notice::id, ids).and(notice::state.concat("").eq_any(&from));
    diesel::update(notice::table.filter(these))
        .set((
            notice::state.eq(state.as_str()),
            notice::lease_until.eq(None::<Instant>),
            notice::accepted_at.eq(None::<Instant>),
            notice::last_error.eq(why),
        ))
        .execute(connection)
}

/// Queues a new notice like `notice`, not yet in words, about these of its visits and about its locks.
pub fn hand_on(
    connection: &mut Connection,
    notice: &NoticeRow,
    id: i64,
    message_id: String,
    visit_ids: &[i64],
    now: Instant,
) -> QueryResult<()> {
    unless_empty!(visit_ids);
    let successor = NoticeRow {
        id,
        message_id,
        state: NoticeState::Queued.as_str().to_owned(),
        created_at: now,
        attempts: 0,
        next_attempt_at: now,
        lease_until: None,
        accepted_at: None,
        last_error: None,
        subject: None,
        envelope_from: None,
        deferrals: 0,
        refused_for: None,
        ..notice.clone()
    };
    insert(connection, &[successor], &[])?;
    let about =
        notice_visit::notice_id.eq(notice.id).and(one_of(connection, notice_visit::visit_id, visit_ids));
    diesel::update(notice_visit::table.filter(about))
        .set(notice_visit::notice_id.eq(id))
        .execute(connection)?;
    super::notice_lock::hand_over(connection, notice.id, id)
}

/// A server put this notice off once more.
pub fn count_deferral(connection: &mut Connection, id: i64) -> QueryResult<()> {
    diesel::update(notice::table.find(id))
        .set(notice::deferrals.eq(notice::deferrals + 1))
        .execute(connection)
        .map(drop)
}

/// What the refusal of this notice was about.
pub fn set_refused_for(connection: &mut Connection, id: i64, what: &str) -> QueryResult<()> {
    diesel::update(notice::table.find(id))
        .set(notice::refused_for.eq(Some(what)))
        .execute(connection)
        .map(drop)
}

/// This notice, if it went out under this Message-ID.
pub fn with_message_id(
    connection: &mut Connection,
    id: i64,
    message_id: &str,
) -> QueryResult<Option<NoticeRow>> {
    notice::table.find(id).filter(notice::message_id.eq(message_id)).first(connection).optional()
}

/// A notice came back, for this reason; whether it was under way or accepted until now.
pub fn bounce(connection: &mut Connection, id: i64, why: &str) -> QueryResult<bool> {
    let from: Vec<&str> = NoticeState::Bounced.previous().into_iter().map(NoticeState::as_str).collect();
    diesel::update(notice::table.filter(notice::id.eq(id).and(notice::state.eq_any(from))))
        .set((
            notice::state.eq(NoticeState::Bounced.as_str()),
            notice::lease_until.eq(None::<Instant>),
            notice::last_error.eq(Some(why)),
        ))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// Puts a notice that was refused for good, or came back, into the queue again, with the bytes that it has, or has one
/// that was put off due at once; whether it was one of these.
pub fn requeue(connection: &mut Connection, id: i64, now: Instant) -> QueryResult<bool> {
    let over = [NoticeState::Failed.as_str(), NoticeState::Bounced.as_str()];
    let over = notice::table.filter(notice::id.eq(id).and(notice::state.eq_any(over)));
    let rows = diesel::update(over)
        .set((
            notice::state.eq(NoticeState::Queued.as_str()),
            notice::next_attempt_at.eq(now),
            notice::last_error.eq(None::<String>),
            notice::refused_for.eq(None::<String>),
        ))
        .execute(connection)?;
    if rows > 0 {
        return Ok(true);
    }
    let deferred =
        notice::table.filter(notice::id.eq(id).and(notice::state.eq(NoticeState::Deferred.as_str())));
    let rows = diesel::update(deferred).set(notice::next_attempt_at.eq(now)).execute(connection)?;
    Ok(rows > 0)
}

/// Hands the visits and locks of other notices that are still unsaid, to the same merchant about the same night
/// and of the same kind, to `notice`; those are superseded: one mail a merchant a night.
pub fn absorb(connection: &mut Connection, notice: &NoticeRow, now: Instant) -> QueryResult<()> {
    let unsaid =
        [NoticeState::Queued.as_str(), NoticeState::Deferred.as_str(), NoticeState::Sending.as_str()];
    let others: Vec<i64> = notice::table
        .filter(
            notice::merchant_id
                .eq(notice.merchant_id)
                .and(notice::night.eq(notice.night.clone()))
                .and(notice::kind.eq(notice.kind.clone()))
                .and(notice::id.ne(notice.id))
                .and(notice::state.eq_any(unsaid))
                // A reminder does not come early because another one is due.
                .and(notice::kind.ne(NoticeKind::Reminder.as_str()).or(notice::send_after.le(now)))
                .and(notice::envelope_from.is_null())
                // One that is held back would hold this one back.
                .and(notice::attempts.gt(0).or(notice::next_attempt_at.le(notice::send_after))),
        )
        .select(notice::id)
        .load(connection)?;
    for &other in &others {
        let told: Vec<i64> = notice_visit::table
            .filter(notice_visit::notice_id.eq(notice.id))
            .select(notice_visit::visit_id)
            .load(connection)?;
        let more = notice_visit::notice_id.eq(other).and(notice_visit::visit_id.ne_all(told));
        diesel::update(notice_visit::table.filter(more))
            .set(notice_visit::notice_id.eq(notice.id))
            .execute(connection)?;
        super::notice_lock::hand_over(connection, other, notice.id)?;
    }
    let why = "told in one mail with what else there was to say that night";
    enter(connection, &others, NoticeState::Superseded, Some(why)).map(drop)
}
