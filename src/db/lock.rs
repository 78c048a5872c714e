//! Locks: terminals that cannot take payments.

use diesel::prelude::*;

use crate::db::schema::terminal_lock;
use crate::db::{Connection, Instant, one_of, unless_empty};
use crate::domain::lock::LockState;

/// A lock.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = terminal_lock, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct LockRow {
    pub id: i64,
    pub terminal_id: i64,
    pub appointment_id: Option<i64>,
    pub state: String,
    pub cause: String,
    pub opened_at: Instant,
    pub opened_by: String,
    pub closed_at: Option<Instant>,
}

pub(super) fn down_words() -> Vec<&'static str> {
    LockState::ALL.iter().filter(|state| state.is_down()).map(|state| state.as_str()).collect()
}

/// Adds a lock.
pub fn insert(connection: &mut Connection, row: LockRow) -> QueryResult<()> {
    diesel::insert_into(terminal_lock::table).values(row).execute(connection).map(drop)
}

/// One lock.
pub fn find(connection: &mut Connection, id: i64) -> QueryResult<Option<LockRow>> {
    terminal_lock::table.find(id).first(connection).optional()
}

/// The locks with these ids, the earliest first.
pub fn by_ids(connection: &mut Connection, ids: &[i64]) -> QueryResult<Vec<LockRow>> {
    unless_empty!(ids);
    terminal_lock::table
        .filter(one_of(connection, terminal_lock::id, ids))
        .order(terminal_lock::id)
        .load(connection)
}

/// Locks of these terminals that still hold.
pub fn open_of(connection: &mut Connection, terminal_ids: &[i64]) -> QueryResult<Vec<LockRow>> {
    unless_empty!(terminal_ids);
    terminal_lock::table
        .filter(
            one_of(connection, terminal_lock::terminal_id, terminal_ids)
                .and(terminal_lock::state.concat("").eq_any(down_words())),
        )
        .load(connection)
}

/// The latest lock of these terminals, whether it still holds or not: its number.
pub fn latest_of(connection: &mut Connection, terminal_ids: &[i64]) -> QueryResult<Option<i64>> {
    unless_empty!(terminal_ids);
    terminal_lock::table
        .filter(one_of(connection, terminal_lock::terminal_id, terminal_ids))
        .select(diesel::dsl::max(terminal_lock::id))
        .first(connection)
}

/// Locks, the latest first; of one terminal, or of all; only those that still hold if `open_only`.
pub fn list(
    connection: &mut Connection,
    terminal_id: Option<i64>,
    open_only: bool,
    before_id: Option<i64>,
    limit: i64,
) -> QueryResult<Vec<LockRow>> {
    let mut query = terminal_lock::table.into_boxed();
    if let Some(id) = before_id {
        query = query.filter(terminal_lock::id.lt(id));
    }
    if let Some(id) = terminal_id {
        query = query.filter(terminal_lock::terminal_id.eq(id));
    }
    if open_only {
        query = query.filter(terminal_lock::state.eq_any(down_words()));
    }
    query.order(terminal_lock::id.desc()).limit(limit).load(connection)
}

/// Ids of terminals that are down now, ascending.
pub fn locked_terminals(connection: &mut Connection) -> QueryResult<Vec<i64>> {
    terminal_lock::table
        .filter(terminal_lock::state.eq_any(down_words()))
        .select(terminal_lock::terminal_id)
        .distinct()
        .order(terminal_lock::terminal_id)
        .load(connection)
}

/// Enters `state` from a state that allows it; whether the lock was in one.
pub fn enter(
    connection: &mut Connection,
    id: i64,
    state: LockState,
    closed_at: Option<Instant>,
) -> QueryResult<bool> {
    let from: Vec<&str> = state.previous().into_iter().map(LockState::as_str).collect();
    diesel::update(
        terminal_lock::table.filter(terminal_lock::id.eq(id).and(terminal_lock::state.eq_any(from))),
    )
    .set((terminal_lock::state.eq(state.as_str()), terminal_lock::closed_at.eq(closed_at)))
    .execute(connection)
    .map(|rows| rows > 0)
}
