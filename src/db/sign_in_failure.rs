//! Passwords tried in vain, by name and by address: in the database, so that it counts over all replicas.

use diesel::prelude::*;

use crate::db::schema::sign_in_failure;
use crate::db::{Connection, Instant, on_each};

/// What was tried in vain for a subject.
#[derive(Clone, Debug, PartialEq, Hash, Queryable, Insertable)]
#[diesel(table_name = sign_in_failure, treat_none_as_default_value = false)]
#[allow(missing_docs)]
pub struct SignInFailureRow {
    pub subject: String,
    pub failures: i32,
    pub last_at: Instant,
    pub blocked_until: Option<Instant>,
}

/// What is known of a subject; nobody else changes it until the transaction's end.
pub fn look(connection: &mut Connection, subject: &str, now: Instant) -> QueryResult<SignInFailureRow> {
    let fresh =
        SignInFailureRow { subject: subject.to_owned(), failures: 0, last_at: now, blocked_until: None };
    on_each!(connection, inner => {
        diesel::insert_into(sign_in_failure::table)
            .values(fresh)
            .on_conflict(sign_in_failure::subject)
            .do_nothing()
            .execute(inner)?
    });
    let found = sign_in_failure::table.find(subject);
    match connection {
        Connection::Postgres(inner) => found.for_update().first(inner),
        Connection::Sqlite(inner) => found.first(inner),
    }
}

/// Writes down how things stand for a subject.
pub fn keep(connection: &mut Connection, row: &SignInFailureRow) -> QueryResult<()> {
    diesel::update(sign_in_failure::table.find(&row.subject))
        .set((
            sign_in_failure::failures.eq(row.failures),
            sign_in_failure::last_at.eq(row.last_at),
            sign_in_failure::blocked_until.eq(row.blocked_until),
        ))
        .execute(connection)
        .map(drop)
}

/// Forgets a subject.
pub fn forget(connection: &mut Connection, subject: &str) -> QueryResult<()> {
    diesel::delete(sign_in_failure::table.find(subject)).execute(connection).map(drop)
}

/// Forgets what was last tried before then, and blocks nobody any more.
pub fn sweep(connection: &mut Connection, before: Instant, now: Instant) -> QueryResult<usize> {
    let over = sign_in_failure::blocked_until.is_null().or(sign_in_failure::blocked_until.le(now));
    diesel::delete(sign_in_failure::table.filter(sign_in_failure::last_at.lt(before)).filter(over))
        .execute(connection)
}
