//! A whole database into another one, of either kind: in one transaction, checked row by row before it commits.

use crate::api::transfer::{CopiedTable, CopyReport};
use crate::clock::Stopwatch;
use crate::db::copy::{self, Comparison, TABLES};
use crate::db::{Connection, Database, next_ids, set_next_id};
use crate::service::{Error, schema};

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Whether rows are copied, or read back and compared.
    pub checking: bool,
    /// The table.
    pub table: &'static str,
    /// Rows done, of both passes over all tables.
    pub done: u64,
    /// Rows to do.
    pub total: u64,
}

/// Copies everything in `source` to `target`, whose schema is brought up to date first. `target` must hold nothing,
/// or lose it if `replace`. The source is read on one snapshot; the target changes as a whole or not at all.
pub fn copy(
    source: &Database,
    target: &Database,
    replace: bool,
    progress: &mut dyn FnMut(Step),
) -> Result<CopyReport, Error> {
    same_schema(source, target)?;
    source.read(|source| target.write(|target| copy_within(&mut *source, target, replace, &mut *progress)))
}

/// Rows in every table of a database that has any, by table.
pub fn contents(database: &Database) -> Result<Vec<(&'static str, u64)>, Error> {
    if !schema::fits_exactly(database)? {
        return Ok(Vec::new());
    }
    database.read(rows_of)
}

fn same_schema(source: &Database, target: &Database) -> Result<(), Error> {
    if !schema::fits_exactly(source)? {
        return Err(Error::Conflict(
            "the source's schema is not the one of this binary; `offpeak migrate status` says more"
                .to_owned(),
        ));
    }
    schema::up(target)?;
    if !schema::fits_exactly(target)? {
        return Err(Error::Conflict(
            "the target's schema is a newer release's; copy with that release".to_owned(),
        ));
    }
    Ok(())
}

fn rows_of(connection: &mut Connection) -> Result<Vec<(&'static str, u64)>, Error> {
    let mut found = Vec::new();
    for table in TABLES {
        match table.count(connection)? {
            0 => {}
            rows => found.push((table.name, rows)),
        }
    }
    Ok(found)
}

fn copy_within(
    source: &mut Connection,
    target: &mut Connection,
    replace: bool,
    progress: &mut dyn FnMut(Step),
) -> Result<CopyReport, Error> {
    copy::wait_patiently(source)?;
    copy::wait_patiently(target)?;
    copy::keep_writers_out(target)?;
    copy::let_the_trail_go(target)?;
    let there = rows_of(target)?;
    if !there.is_empty() && !replace {
        let listed: Vec<String> = there.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
        return Err(Error::Conflict(format!(
            "the target holds data already ({}); nothing was copied",
            listed.join(", ")
        )));
    }
    copy::clear(target)?;

    let stopwatch = Stopwatch::start();
    let total = 2 * rows_of(source)?.iter().map(|(_, rows)| rows).sum::<u64>();
    let mut before = 0;
    for table in TABLES {
        let mut told = |rows| {
            progress(Step { checking: false, table: table.name, done: before + rows, total });
        };
        before += match table.copy(source, target, &mut told) {
            Ok(rows) => rows,
            Err(error) => return Err(explained(source, target, table, error)),
        };
    }
    let next = next_ids(source)?;
    for (table, id) in &next {
        set_next_id(target, *table, *id)?;
    }
    let copy_ms = stopwatch.elapsed_ms();

    let mut tables = Vec::new();
    for table in TABLES {
        let mut told = |rows| {
            progress(Step { checking: true, table: table.name, done: before + rows, total });
        };
        match table.compare(source, target, &mut told)? {
            Comparison::Equal(counted) => {
                before += counted.rows;
                let (rows, sha256) = (counted.rows, counted.sha256);
                tables.push(CopiedTable { table: table.name.to_owned(), rows, sha256 });
            }
            Comparison::Differs(key) => {
                return Err(Error::Corrupt(format!(
                    "the copy differs from its source in table {} at {key}; nothing was copied",
                    table.name
                )));
            }
        }
    }
    if next_ids(target)? != next {
        return Err(Error::Corrupt("the copy would give out other numbers; nothing was copied".to_owned()));
    }
    Ok(CopyReport { tables, copy_ms, check_ms: stopwatch.elapsed_ms() - copy_ms })
}

/// What is known of why a table's rows were not taken.
fn explained(
    source: &mut Connection,
    target: &Connection,
    table: &copy::CopiedTable,
    error: diesel::result::Error,
) -> Error {
    if target.kind() == "postgres"
        && let Ok(Some((column, rows))) = table.find_nul(source)
    {
        return Error::Conflict(format!(
            "{rows} of the rows in table {} have a NUL character in {column}, which PostgreSQL cannot keep; correct \
             them in the source first; nothing was copied",
            table.name
        ));
    }
    Error::Query(error)
}
