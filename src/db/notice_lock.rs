//! Which locks a notice tells of.

use diesel::prelude::*;

use crate::db::schema::{notice, notice_lock};
use crate::db::{Connection, insert_rows, one_of, unless_empty};

/// That a notice tells of a lock.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = notice_lock, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct NoticeLockRow {
    pub notice_id: i64,
    pub lock_id: i64,
    pub kind: String,
    pub recipient: String,
}

/// Says which locks notices tell of.
pub fn insert(connection: &mut Connection, rows: &[NoticeLockRow]) -> QueryResult<()> {
    insert_rows!(connection, notice_lock::table, rows)
}

/// The locks that these notices tell of, ascending: each with its notice.
pub fn of_notices(connection: &mut Connection, notice_ids: &[i64]) -> QueryResult<Vec<(i64, i64)>> {
    unless_empty!(notice_ids);
    notice_lock::table
        .filter(one_of(connection, notice_lock::notice_id, notice_ids))
        .select((notice_lock::notice_id, notice_lock::lock_id))
        .order(notice_lock::lock_id)
        .load(connection)
}

/// What has been queued about these locks, with the state of each notice and whether it has been put into words.
pub fn about_locks(
    connection: &mut Connection,
    lock_ids: &[i64],
) -> QueryResult<Vec<(NoticeLockRow, String, bool)>> {
    unless_empty!(lock_ids);
    notice_lock::table
        .inner_join(notice::table)
        .filter(one_of(connection, notice_lock::lock_id, lock_ids))
        .select((notice_lock::all_columns, notice::state, notice::envelope_from.is_not_null()))
        .load(connection)
}

/// Has `to` tell of what `from` was to tell of.
pub fn hand_over(connection: &mut Connection, from: i64, to: i64) -> QueryResult<()> {
    diesel::update(notice_lock::table.filter(notice_lock::notice_id.eq(from)))
        .set(notice_lock::notice_id.eq(to))
        .execute(connection)
        .map(drop)
}

/// Takes a lock off a notice.
pub fn remove(connection: &mut Connection, notice_id: i64, lock_id: i64) -> QueryResult<()> {
    diesel::delete(notice_lock::table.find((notice_id, lock_id))).execute(connection).map(drop)
}
