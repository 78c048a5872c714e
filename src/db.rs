//! The database: SQLite or PostgreSQL behind one connection type. Every query of the project lives under this
//! room, one file a table; transactions are opened by `service`.

pub mod account;
pub mod api_token;
pub mod appointment;
pub mod approval;
pub mod audit;
pub mod backup;
pub mod calendar;
pub mod campaign;
mod connection;
pub mod copy;
pub mod fleet;
pub mod fleet_revision;
pub mod fleet_search;
pub mod group;
pub mod health;
pub mod idempotency;
mod ids;
pub mod inbound_mail;
mod instant;
pub mod lease;
pub mod link_key;
pub mod listen;
pub mod lock;
pub mod merchant_answer;
pub mod merchant_ascii_address;
pub mod merchant_reminders;
pub mod migrations;
pub mod notice;
pub mod notice_attempt;
pub mod notice_lock;
pub mod notice_stats;
mod one_of;
mod outage;
pub mod part;
pub mod places;
pub mod plan;
mod pool;
mod postgres_url;
pub mod schema;
pub mod session;
pub mod set_up_link;
pub mod sign_in_failure;
pub mod suppression;
pub mod timeline;
mod transaction;
pub mod unreached;
pub mod visit;
pub mod wave;
pub mod webhook;

pub use connection::AnyConnection as Connection;
pub use ids::{Table, allot, next_ids, set_next_id};
pub use instant::Instant;
pub use listen::Listener;
use one_of::one_of;
pub use outage::{DatabaseError, Outage};
pub use pool::{Database, PoolOptions};
pub use transaction::Failure;

/// Rows that one INSERT carries on PostgreSQL; more of them are copied, which is several times as quick.
const INSERT_ROWS_MAX: usize = 50;

/// Rows that one COPY carries: while one is under way no limit of time ends it, so it is a matter of milliseconds.
const COPY_ROWS: usize = 10_000;

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

/// Inserts `$rows` into `$table`: on PostgreSQL many through a binary COPY and few in one statement, since each
/// statement is a way to the server and back; on SQLite one after the other through one prepared statement, which is quicker than having
/// a long one read. Their struct says `treat_none_as_default_value = false`: otherwise every row is a statement of
/// its own shape, and is read anew.
macro_rules! insert_rows {
    ($connection:expr, $table:expr, $rows:expr) => {{
        match $connection {
            $crate::db::Connection::Postgres(inner) => {
                if $rows.len() <= $crate::db::INSERT_ROWS_MAX {
                    diesel::insert_into($table).values($rows).execute(inner)?;
                } else {
                    for chunk in $rows.chunks($crate::db::COPY_ROWS) {
                        diesel::copy_from($table).from_insertable(chunk).execute(inner)?;
                    }
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

/// Nothing is asked about nobody: it would be a way to the server and back.
macro_rules! unless_empty {
    ($list:expr) => {
        if $list.is_empty() {
            return Ok(Default::default());
        }
    };
}

use {insert_rows, on_each, unless_empty};
