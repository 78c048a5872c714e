//! Identifiers are allotted in blocks before a bulk insert, so that rows that refer to each other can be
//! written without reading anything back.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::Connection;

/// A table whose rows have an `id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Table {
    Merchant,
    Site,
    Terminal,
    MaintenanceWindow,
    Blackout,
    Budget,
    Programme,
    Campaign,
    Plan,
    Visit,
    Appointment,
    Notice,
    TerminalLock,
    Audit,
}

impl Table {
    const fn name(self) -> &'static str {
        match self {
            Table::Merchant => "merchant",
            Table::Site => "site",
            Table::Terminal => "terminal",
            Table::MaintenanceWindow => "maintenance_window",
            Table::Blackout => "blackout",
            Table::Budget => "budget",
            Table::Programme => "programme",
            Table::Campaign => "campaign",
            Table::Plan => "plan",
            Table::Visit => "visit",
            Table::Appointment => "appointment",
            Table::Notice => "notice",
            Table::TerminalLock => "terminal_lock",
            Table::Audit => "audit",
        }
    }
}

#[derive(QueryableByName)]
struct Allotted {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// `count` fresh identifiers of `table`, ascending. Within a transaction.
pub fn allot(connection: &mut Connection, table: Table, count: usize) -> QueryResult<Vec<i64>> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    match connection {
        Connection::Postgres(inner) => {
            let rows: Vec<Allotted> =
                diesel::sql_query("SELECT nextval($1::regclass) AS id FROM generate_series(1, $2)")
                    .bind::<Text, _>(format!("{}_id", table.name()))
                    .bind::<BigInt, _>(count)
                    .load(inner)?;
            Ok(rows.into_iter().map(|row| row.id).collect())
        }
        Connection::Sqlite(inner) => {
            let row: Allotted = diesel::sql_query(
                "UPDATE id_sequence SET next_id = next_id + $1 WHERE name = $2 RETURNING next_id AS id",
            )
            .bind::<BigInt, _>(count)
            .bind::<Text, _>(table.name())
            .get_result(inner)?;
            Ok((row.id - count..row.id).collect())
        }
    }
}

/// One fresh identifier.
pub(super) fn allot_one(connection: &mut Connection, table: Table) -> QueryResult<i64> {
    allot(connection, table, 1)?.pop().ok_or(diesel::result::Error::NotFound)
}
