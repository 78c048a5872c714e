//! Questions about the database itself and about work that lies in it too long. They only read.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Text};

use crate::db::schema::notice;
use crate::db::{Connection, Instant};
use crate::domain::notice::NoticeState;

/// What a database says of itself.
#[derive(Clone, Debug, QueryableByName)]
pub struct Nature {
    /// Its version, as `15.14` or `3.50.2`.
    #[diesel(sql_type = Text)]
    pub version: String,
    /// It follows another one and takes no writes.
    #[diesel(sql_type = Bool)]
    pub standby: bool,
    /// It takes no writes unless a transaction asks for them.
    #[diesel(sql_type = Bool)]
    pub read_only: bool,
    /// The connection to it is encrypted.
    #[diesel(sql_type = Bool)]
    pub encrypted: bool,
    /// Its clock, in microseconds since the epoch.
    #[diesel(sql_type = BigInt)]
    pub now_micros: i64,
}

/// Asks the database what it is.
pub fn nature(connection: &mut Connection) -> QueryResult<Nature> {
    let query = match connection {
        Connection::Postgres(_) => {
            "SELECT current_setting('server_version') AS version, pg_is_in_recovery() AS standby, \
             current_setting('default_transaction_read_only') = 'on' AS read_only, \
             coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), FALSE) AS encrypted, \
             (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS now_micros"
        }
        Connection::Sqlite(_) => {
            "SELECT sqlite_version() AS version, FALSE AS standby, FALSE AS read_only, FALSE AS encrypted, \
             CAST(unixepoch('subsec') * 1000000 AS INTEGER) AS now_micros"
        }
    };
    diesel::sql_query(query).get_result(connection)
}

/// The first thing that SQLite finds wrong with its file; nothing on PostgreSQL.
pub fn damage(connection: &mut Connection) -> QueryResult<Option<String>> {
    #[derive(QueryableByName)]
    struct Line {
        #[diesel(sql_type = Text)]
        line: String,
    }
    let Connection::Sqlite(inner) = connection else { return Ok(None) };
    let lines: Vec<Line> =
        diesel::sql_query("SELECT quick_check AS line FROM pragma_quick_check").load(inner)?;
    Ok(lines.into_iter().map(|found| found.line).find(|line| line != "ok"))
}

/// Notices that should have gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// Due, and nobody has taken them.
    pub due: i64,
    /// Since when the oldest of them is.
    pub due_since: Option<Instant>,
    /// A worker took them and was not heard of again.
    pub stuck: i64,
    /// Refused for good since a given moment.
    pub failed: i64,
}

/// Looks at the outbox at `now`, and at what failed since `failed_since`.
pub fn outbox(connection: &mut Connection, now: Instant, failed_since: Instant) -> QueryResult<Outbox> {
    let waiting = [NoticeState::Queued.as_str(), NoticeState::Deferred.as_str()];
    // Both are named so that the index by state, urgency and time answers.
    let any = || notice::urgent.eq_any([true, false]);
    let due = notice::state.eq_any(waiting).and(any()).and(notice::next_attempt_at.le(now));
    let (count, since): (i64, Option<i64>) = notice::table
        .filter(due)
        .select((diesel::dsl::count_star(), diesel::dsl::min(notice::next_attempt_at)))
        .first(connection)?;
    let stuck = notice::state.eq(NoticeState::Sending.as_str()).and(notice::lease_until.le(now));
    let failed = notice::state.eq(NoticeState::Failed.as_str());
    let failed = failed.and(any()).and(notice::next_attempt_at.ge(failed_since));
    Ok(Outbox {
        due: count,
        due_since: since.and_then(chrono::DateTime::from_timestamp_micros).map(Instant::from),
        stuck: notice::table.filter(stuck).count().get_result(connection)?,
        failed: notice::table.filter(failed).count().get_result(connection)?,
    })
}
