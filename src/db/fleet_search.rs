//! Keys and names that begin with a text, in whatever case. An index on each, by bytes, answers in the order of the
//! texts, however many there are.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::db::{Connection, on_each};

/// What is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Column {
    MerchantNumber,
    MerchantName,
    SiteCode,
    SiteName,
    TerminalSerial,
    TerminalTid,
}

impl Column {
    /// Every one.
    pub const ALL: [Column; 6] = [
        Column::MerchantNumber,
        Column::MerchantName,
        Column::SiteCode,
        Column::SiteName,
        Column::TerminalSerial,
        Column::TerminalTid,
    ];

    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Column::MerchantNumber => ("merchant", "number"),
            Column::MerchantName => ("merchant", "name"),
            Column::SiteCode => ("site", "code"),
            Column::SiteName => ("site", "name"),
            Column::TerminalSerial => ("terminal", "serial"),
            Column::TerminalTid => ("terminal", "tid"),
        }
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// The question, for whoever wants to know how it is answered: `$1` and `$2` are the first text that begins so and the
/// first after all that do.
pub fn question(kind: &str, column: Column, limit: i64) -> String {
    let (table, name) = column.names();
    let (lowered, first, end) = match kind {
        "sqlite" => (format!("lower({name})"), "?1", "?2"),
        _ => (format!("lower({name} COLLATE \"C\")"), "$1", "$2"),
    };
    format!(
        "SELECT id FROM {table} WHERE {lowered} >= {first} AND {lowered} < {end} ORDER BY {lowered} LIMIT {limit}"
    )
}

/// The ids of at most `limit` rows of which this column begins with `text`, by that column.
pub fn ids_beginning(
    connection: &mut Connection,
    column: Column,
    text: &str,
    limit: i64,
) -> QueryResult<Vec<i64>> {
    let sql = question(connection.kind(), column, limit);
    let first = text.to_ascii_lowercase();
    let end = format!("{first}{}", char::MAX);
    let found: Vec<Found> = on_each!(connection, inner => {
        diesel::sql_query(sql).bind::<Text, _>(first).bind::<Text, _>(end).load(inner)
    })?;
    Ok(found.into_iter().map(|row| row.id).collect())
}
