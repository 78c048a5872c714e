//! Approvals: what somebody has asked for, and what a second person said to it.

use diesel::prelude::*;

use crate::db::schema::approval;
use crate::db::{Connection, Instant, Table, ids};
use crate::domain::approval::ApprovalState;

/// One request.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = approval, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct ApprovalRow {
    pub id: i64,
    pub action: String,
    pub subject: String,
    pub request: String,
    pub digest: String,
    pub words: String,
    pub reason: Option<String>,
    pub state: String,
    pub asked_by: String,
    pub asked_at: Instant,
    pub expires_at: Instant,
    pub decided_by: Option<String>,
    pub decided_at: Option<Instant>,
    pub decision: Option<String>,
    pub outcome: Option<String>,
}

/// Adds `row`; its id is given here.
pub fn insert(connection: &mut Connection, mut row: ApprovalRow) -> QueryResult<ApprovalRow> {
    row.id = ids::allot_one(connection, Table::Approval)?;
    diesel::insert_into(approval::table).values(row.clone()).execute(connection)?;
    Ok(row)
}

/// One request.
pub fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<ApprovalRow>> {
    approval::table.find(id).first(connection).optional()
}

/// The same that the same person has asked for, and that still waits.
pub fn same(
    connection: &mut Connection,
    asked_by: &str,
    digest: &str,
    now: Instant,
) -> QueryResult<Option<ApprovalRow>> {
    approval::table
        .filter(approval::state.eq(ApprovalState::Pending.as_str()))
        .filter(approval::asked_by.eq(asked_by))
        .filter(approval::digest.eq(digest))
        .filter(approval::expires_at.gt(now))
        .order(approval::id.desc())
        .first(connection)
        .optional()
}

/// Requests about `subject` that still wait, the latest first.
pub fn waiting_for(
    connection: &mut Connection,
    subject: &str,
    now: Instant,
) -> QueryResult<Vec<ApprovalRow>> {
    approval::table
        .filter(approval::state.eq(ApprovalState::Pending.as_str()))
        .filter(approval::subject.eq(subject))
        .filter(approval::expires_at.gt(now))
        .order(approval::id.desc())
        .load(connection)
}

/// Requests, the latest first; in one state, or in any.
pub fn list(
    connection: &mut Connection,
    state: Option<&str>,
    before_id: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<ApprovalRow>> {
    let mut query = approval::table.into_boxed();
    if let Some(state) = state {
        query = query.filter(approval::state.eq(state));
    }
    if let Some(id) = before_id {
        query = query.filter(approval::id.lt(id));
    }
    query.order(approval::id.desc()).limit(limit).load(connection)
}

/// Requests that nobody answered in time become expired; their ids.
pub fn expire(connection: &mut Connection, now: Instant) -> QueryResult<Vec<i64>> {
    let over = approval::table
        .filter(approval::state.eq(ApprovalState::Pending.as_str()).and(approval::expires_at.le(now)));
    let ids: Vec<i64> = over.select(approval::id).load(connection)?;
    diesel::update(over).set(approval::state.eq(ApprovalState::Expired.as_str())).execute(connection)?;
    Ok(ids)
}

/// Enters `state` from a state that allows it; whether it was in one.
pub fn enter(connection: &mut Connection, id: i64, state: ApprovalState) -> QueryResult<bool> {
    let from: Vec<&str> = state.previous().into_iter().map(ApprovalState::as_str).collect();
    diesel::update(approval::table.filter(approval::id.eq(id).and(approval::state.eq_any(from))))
        .set(approval::state.eq(state.as_str()))
        .execute(connection)
        .map(|rows| rows > 0)
}

/// Writes down who said what to it.
pub fn decided(
    connection: &mut Connection,
    id: i64,
    by: &str,
    at: Instant,
    words: Option<&str>,
) -> QueryResult<()> {
    diesel::update(approval::table.find(id))
        .set((approval::decided_by.eq(by), approval::decided_at.eq(at), approval::decision.eq(words)))
        .execute(connection)
        .map(drop)
}

/// Writes down what came of it.
pub fn set_outcome(connection: &mut Connection, id: i64, outcome: Option<&str>) -> QueryResult<()> {
    diesel::update(approval::table.find(id)).set(approval::outcome.eq(outcome)).execute(connection).map(drop)
}
