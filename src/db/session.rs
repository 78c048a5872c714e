//! Sessions: browsers that have signed in.

use diesel::prelude::*;

use crate::db::account::AccountRow;
use crate::db::schema::{account, session};
use crate::db::{Connection, Instant};

/// A session. What the browser shows is not in it, only its digest.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = session, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct SessionRow {
    pub token_hash: String,
    pub account_id: i64,
    pub created_at: Instant,
    pub seen_at: Instant,
    pub expires_at: Instant,
    pub origin: Option<String>,
}

/// Adds `row`.
pub fn insert(connection: &mut Connection, row: SessionRow) -> QueryResult<()> {
    diesel::insert_into(session::table).values(row).execute(connection).map(drop)
}

/// A session, and whose it is.
pub fn find(connection: &mut Connection, token_hash: &str) -> QueryResult<Option<(SessionRow, AccountRow)>> {
    session::table
        .inner_join(account::table)
        .filter(session::token_hash.eq(token_hash))
        .first(connection)
        .optional()
}

/// Writes down that it was used.
pub fn seen(connection: &mut Connection, token_hash: &str, at: Instant) -> QueryResult<()> {
    diesel::update(session::table.find(token_hash)).set(session::seen_at.eq(at)).execute(connection).map(drop)
}

/// Ends one; whether there was one.
pub fn end(connection: &mut Connection, token_hash: &str) -> QueryResult<bool> {
    diesel::delete(session::table.find(token_hash)).execute(connection).map(|rows| rows > 0)
}

/// Ends every session of an account.
pub fn end_all(connection: &mut Connection, account_id: i64) -> QueryResult<usize> {
    diesel::delete(session::table.filter(session::account_id.eq(account_id))).execute(connection)
}

/// Removes what has expired.
pub fn sweep(connection: &mut Connection, now: Instant) -> QueryResult<usize> {
    diesel::delete(session::table.filter(session::expires_at.le(now))).execute(connection)
}
