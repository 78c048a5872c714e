//! The way back: which data goes with a version, and its `down.sql`.

use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_migrations::MigrationHarness;
use rust_embed::RustEmbed;

use super::{POSTGRES, SQLITE, failed, ledger, names};
use crate::db::{Connection, Database, DatabaseError};

/// The files of one tree; the other tree takes the same away.
#[derive(RustEmbed)]
#[folder = "migrations/sqlite"]
struct Files;

/// Something that goes when a version is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// The table.
    pub table: String,
    /// The column; `None` is the whole table.
    pub column: Option<String>,
}

/// What taking back the version in this folder removes, as its `down.sql` says.
pub fn losses(name: &str) -> Result<Vec<Loss>, DatabaseError> {
    let file = Files::get(&format!("{name}/down.sql"))
        .ok_or_else(|| DatabaseError::Migration(format!("{name} has no down.sql")))?;
    let sql = String::from_utf8_lossy(&file.data);
    let statements = sql.split(';').map(|statement| statement.split_whitespace().collect::<Vec<_>>());
    Ok(statements
        .filter_map(|words| match words.as_slice() {
            // SQLite's stand-in for sequences.
            [.., "DROP", "TABLE", "id_sequence"] => None,
            [.., "DROP", "TABLE", table] => Some(Loss { table: (*table).to_owned(), column: None }),
            [.., "ALTER", "TABLE", table, "DROP", "COLUMN", column] => {
                Some(Loss { table: (*table).to_owned(), column: Some((*column).to_owned()) })
            }
            _ => None,
        })
        .collect())
}

#[derive(QueryableByName)]
struct Rows {
    #[diesel(sql_type = BigInt)]
    rows: i64,
}

/// How many rows, or values that are not NULL, `loss` is about.
pub fn count(connection: &mut Connection, loss: &Loss) -> QueryResult<i64> {
    let what = loss.column.as_deref().unwrap_or("*");
    let query = format!("SELECT count({what}) AS rows FROM {}", loss.table);
    Ok(diesel::sql_query(query).get_result::<Rows>(connection)?.rows)
}

/// Takes back the latest versions, one after the other, until `keep` are left; all of them or none. Gives the
/// versions. The latest must be known here.
pub fn to(database: &Database, keep: usize) -> Result<Vec<String>, DatabaseError> {
    database.write(|connection| {
        super::serialize(connection)?;
        let mut reverted = Vec::new();
        while ledger::read(connection)?.applied().len() > keep {
            let version = match connection {
                Connection::Postgres(inner) => inner.revert_last_migration(POSTGRES),
                Connection::Sqlite(inner) => inner.revert_last_migration(SQLITE),
            };
            reverted.extend(names(vec![version.map_err(failed)?]));
        }
        Ok(reverted)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_back_says_what_it_removes() {
        let losses = losses("2026-11-24-000000_fleet_scale").expect("it is carried");
        assert_eq!(losses, [Loss { table: "plan".to_owned(), column: Some("stop_asked".to_owned()) }]);
    }
}
