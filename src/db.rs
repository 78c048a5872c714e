//! The database: SQLite or PostgreSQL behind one connection type. Every query of the project lives under this
//! room, one file a table; transactions are opened by `service`.

pub mod appointment;
pub mod audit;
pub mod calendar;
pub mod campaign;
mod connection;
pub mod fleet;
pub mod group;
mod ids;
mod instant;
pub mod lease;
pub mod listen;
pub mod lock;
pub mod migrations;
pub mod notice;
mod outage;
pub mod plan;
mod pool;
pub mod schema;
mod transaction;
pub mod visit;

pub use connection::AnyConnection as Connection;
pub use ids::{Table, allot};
pub use instant::Instant;
pub use listen::Listener;
pub use outage::{DatabaseError, Outage};
pub use pool::Database;
pub use transaction::Failure;

/// Rows that one INSERT carries: both databases limit the values bound to a statement (SQLite to 32,766).
const INSERT_ROWS: usize = 1000;

/// Keys that one `IN (…)` carries, for the same reason.
const LOOKUP_KEYS: usize = 1000;

diesel::define_sql_function! {
    /// Lower case: what text searches compare, so that both databases find the same.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// What LIKE compares with `lower(column)` to find `text` anywhere in it. Escaped with `!`.
fn containing(text: &str) -> String {
    let text = text.to_ascii_lowercase().replace('!', "!!").replace('%', "!%").replace('_', "!_");
    format!("%{text}%")
}

/// Runs the same diesel expression on whichever database the connection is to: bulk inserts, upserts and row
/// locks do not compile on the enum itself.
macro_rules! on_each {
    ($connection:expr, $inner:ident => $body:expr) => {
        match $connection {
            $crate::db::Connection::Postgres($inner) => $body,
            $crate::db::Connection::Sqlite($inner) => $body,
        }
    };
}

/// Inserts `$rows` into `$table`: on PostgreSQL in as few statements as its limits allow, since each is a way to
/// the server and back; on SQLite one after the other through one prepared statement, which is quicker than having
/// a long one read. Their struct says `treat_none_as_default_value = false`: otherwise every row is a statement of
/// its own shape, and is read anew.
macro_rules! insert_rows {
    ($connection:expr, $table:expr, $rows:expr) => {{
        match $connection {
            $crate::db::Connection::Postgres(inner) => {
                for chunk in $rows.chunks($crate::db::INSERT_ROWS) {
                    diesel::insert_into($table).values(chunk).execute(inner)?;
                }
            }
            $crate::db::Connection::Sqlite(inner) => {
                for row in $rows {
                    diesel::insert_into($table).values(row).execute(inner)?;
                }
            }
        }
        diesel::QueryResult::Ok(())
    }};
}

use {insert_rows, on_each};
