//! A SQLite file as a whole: a copy of it while others write, a look at whether a file is sound and ours, and the
//! question whether somebody has it open.

use std::path::Path;

use diesel::connection::SimpleConnection;
use diesel::prelude::{Connection as _, *};
use diesel::sql_types::Text;

use crate::db::copy::TABLES;
use crate::db::migrations::ledger::{self, Ledger};
use crate::db::{Connection, DatabaseError};

/// What a sound file of ours holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// Its schema beside this binary's.
    pub ledger: Ledger,
    /// Rows of each table that it has.
    pub tables: Vec<(&'static str, u64)>,
}

/// Why a file is not one that a database can be restored from.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    /// No SQLite file, or one that is broken so that nothing can be read.
    #[error("it cannot be read as a SQLite database: {0}")]
    Unreadable(String),
    /// A SQLite file of something else.
    #[error("it is a SQLite database, but not one of Offpeak's")]
    Foreign,
    /// SQLite finds its pages or indices damaged.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Rows refer to rows that are not there.
    #[error(
        "it is incomplete: {rows} rows refer to rows that are not there, the first of them in table {table}"
    )]
    Incomplete {
        /// How many.
        rows: usize,
        /// Where the first is.
        table: String,
    },
}

#[derive(QueryableByName)]
struct Line {
    #[diesel(sql_type = Text)]
    line: String,
}

/// Writes the database in `from` as it stands at one moment into the file `to`, which must be empty or not there.
/// Others may read and write meanwhile. The copy has no log beside it.
pub fn copy_file(from: &Path, to: &Path) -> Result<(), DatabaseError> {
    let mut source = open(from).map_err(|error| DatabaseError::Query(connection_error(&error)))?;
    source.batch_execute("PRAGMA busy_timeout = 30000")?;
    diesel::sql_query("VACUUM INTO $1").bind::<Text, _>(to.display().to_string()).execute(&mut source)?;
    Ok(())
}

/// Reads the whole file: its pages, its indices, its references, its schema, and counts its rows. `quick` leaves
/// out whether indices and tables say the same.
pub fn inspect(path: &Path, quick: bool) -> Result<Contents, Unsound> {
    let unreadable = |error: &dyn std::fmt::Display| Unsound::Unreadable(error.to_string());
    let mut connection = open(path).map_err(|error| unreadable(&error))?;
    let pragma = if quick { "quick_check" } else { "integrity_check" };
    let check = format!("SELECT {pragma} AS line FROM pragma_{pragma}");
    let lines: Vec<Line> =
        diesel::sql_query(check).load(&mut connection).map_err(|error| unreadable(&error))?;
    if let Some(Line { line }) = lines.into_iter().find(|found| found.line != "ok") {
        return Err(Unsound::Damaged(line));
    }
    let mut connection = Connection::Sqlite(connection);
    let ledger = ledger::read(&mut connection).map_err(|error| unreadable(&error))?;
    if !ledger.0.iter().any(|version| version.applied && version.name.is_some()) {
        return Err(Unsound::Foreign);
    }
    let orphans: Vec<Line> = diesel::sql_query("SELECT \"table\" AS line FROM pragma_foreign_key_check")
        .load(&mut connection)
        .map_err(|error| unreadable(&error))?;
    if let Some(first) = orphans.first() {
        return Err(Unsound::Incomplete { rows: orphans.len(), table: first.line.clone() });
    }
    // A table that a later version brings is not there yet.
    let tables = TABLES
        .iter()
        .filter_map(|table| table.count(&mut connection).ok().map(|rows| (table.name, rows)))
        .collect();
    Ok(Contents { ledger, tables })
}

/// Writes the log into the file and closes it, so that the file alone is the whole database; false if somebody else
/// has it open. A file that cannot be read is an error.
pub fn settle(path: &Path) -> QueryResult<bool> {
    let mut connection = open(path).map_err(|error| connection_error(&error))?;
    match diesel::sql_query("PRAGMA journal_mode = DELETE").execute(&mut connection) {
        Ok(_) => {}
        Err(error) if error.to_string().contains("locked") => return Ok(false),
        Err(error) => return Err(error),
    }
    #[derive(QueryableByName)]
    struct Mode {
        #[diesel(sql_type = Text)]
        journal_mode: String,
    }
    let mode: Mode = diesel::sql_query("PRAGMA journal_mode").get_result(&mut connection)?;
    Ok(mode.journal_mode == "delete")
}

/// A file that is not there is not made.
fn open(path: &Path) -> ConnectionResult<SqliteConnection> {
    let escaped = path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    SqliteConnection::establish(&format!("file:{escaped}?mode=rw"))
}

fn connection_error(error: &ConnectionError) -> diesel::result::Error {
    let kind = diesel::result::DatabaseErrorKind::ClosedConnection;
    diesel::result::Error::DatabaseError(kind, Box::new(error.to_string()))
}
