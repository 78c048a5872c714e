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
    InboundMail,
    Audit,
    Webhook,
    WebhookDelivery,
    Account,
    ApiToken,
    Approval,
}

impl Table {
    /// Every one of them.
    pub const ALL: [Table; 20] = [
        Table::Merchant,
        Table::Site,
        Table::Terminal,
        Table::MaintenanceWindow,
        Table::Blackout,
        Table::Budget,
        Table::Programme,
        Table::Campaign,
        Table::Plan,
        Table::Visit,
        Table::Appointment,
        Table::Notice,
        Table::TerminalLock,
        Table::InboundMail,
        Table::Audit,
        Table::Webhook,
        Table::WebhookDelivery,
        Table::Account,
        Table::ApiToken,
        Table::Approval,
    ];

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
            Table::InboundMail => "inbound_mail",
            Table::Audit => "audit",
            Table::Webhook => "webhook",
            Table::WebhookDelivery => "webhook_delivery",
            Table::Account => "account",
            Table::ApiToken => "api_token",
            Table::Approval => "approval",
        }
    }
}

diesel::define_sql_function! {
    /// The next number of a sequence, by its name.
    fn nextval(sequence: Text) -> BigInt;
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
        // Most often: a statement that stays prepared.
        Connection::Postgres(inner) if count == 1 => {
            Ok(vec![diesel::select(nextval(format!("{}_id", table.name()))).get_result(inner)?])
        }
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

/// The identifier that each table gives out next.
pub fn next_ids(connection: &mut Connection) -> QueryResult<Vec<(Table, i64)>> {
    let next_id = |connection: &mut Connection, table: Table| {
        let name = table.name();
        let row: Allotted = match connection {
            Connection::Postgres(inner) => {
                diesel::sql_query(format!("SELECT last_value + is_called::int AS id FROM {name}_id"))
                    .get_result(inner)?
            }
            Connection::Sqlite(inner) => {
                diesel::sql_query("SELECT next_id AS id FROM id_sequence WHERE name = $1")
                    .bind::<Text, _>(name)
                    .get_result(inner)?
            }
        };
        Ok((table, row.id))
    };
    Table::ALL.into_iter().map(|table| next_id(connection, table)).collect()
}

/// Sets the identifier that `table` gives out next. Unlike `setval`, it is undone with its transaction.
pub fn set_next_id(connection: &mut Connection, table: Table, next: i64) -> QueryResult<()> {
    let name = table.name();
    let statement = match connection {
        Connection::Postgres(_) => format!("ALTER SEQUENCE {name}_id RESTART WITH {next}"),
        Connection::Sqlite(_) => format!("UPDATE id_sequence SET next_id = {next} WHERE name = '{name}'"),
    };
    diesel::sql_query(statement).execute(connection).map(drop)
}
