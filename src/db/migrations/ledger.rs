//! Which versions of the schema this binary carries, and which the database has. Reading it writes nothing, so it
//! works on a standby as well.
//!
//! A version is `2026-11-23-000000`; one that takes something away says in its name which version a binary must at
//! least know to live with it: `2027-03-01-000000-needs-20261124000000_drop_x`. Both databases keep the version
//! with the name's suffix, so a binary that has never heard of it can read what it asks for.

use diesel::migration::{Migration, MigrationSource};
use diesel::prelude::*;
use diesel::sql_types::{Bool, Text};
use diesel::sqlite::Sqlite;

use super::{SQLITE, failed};
use crate::db::{Connection, DatabaseError};

/// A version of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// As the database keeps it: `20261123000000`.
    pub version: String,
    /// The folder's name, if this binary carries it.
    pub name: Option<String>,
    /// Whether the database has it.
    pub applied: bool,
}

/// The versions of both sides, the oldest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger(pub Vec<Version>);

impl Ledger {
    /// Known here and not applied there.
    pub fn pending(&self) -> Vec<&str> {
        self.versions(|version| version.name.is_some() && !version.applied)
    }

    /// Applied there.
    pub fn applied(&self) -> Vec<&str> {
        self.versions(|version| version.applied)
    }

    /// Applied there and not known here: a newer release was there.
    pub fn unknown(&self) -> Vec<&str> {
        self.versions(|version| version.name.is_none())
    }

    /// The unknown versions that this binary cannot live with.
    pub fn too_new(&self) -> Vec<&str> {
        let known =
            |needed: &str| self.0.iter().any(|version| version.name.is_some() && version.version == needed);
        self.versions(|version| {
            version.name.is_none()
                && version.version.split_once("needs").is_some_and(|(_, needed)| !known(needed))
        })
    }

    fn versions(&self, wanted: impl Fn(&Version) -> bool) -> Vec<&str> {
        self.0.iter().filter(|version| wanted(version)).map(|version| version.version.as_str()).collect()
    }
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

#[derive(QueryableByName)]
struct Applied {
    #[diesel(sql_type = Text)]
    version: String,
}

/// The versions that this binary carries, the oldest first: version and folder's name. They are the same for both
/// databases.
pub fn carried() -> Result<Vec<(String, String)>, DatabaseError> {
    let migrations: Vec<Box<dyn Migration<Sqlite>>> = SQLITE.migrations().map_err(failed)?;
    let mut carried: Vec<(String, String)> = migrations
        .iter()
        .map(|migration| (migration.name().version().to_string(), migration.name().to_string()))
        .collect();
    carried.sort();
    Ok(carried)
}

/// Both sides of the ledger.
pub fn read(connection: &mut Connection) -> Result<Ledger, DatabaseError> {
    let applied = applied(connection)?;
    let mut versions: Vec<Version> = carried()?
        .into_iter()
        .map(|(version, name)| Version { applied: applied.contains(&version), name: Some(name), version })
        .collect();
    for version in applied {
        if versions.iter().all(|known| known.version != version) {
            versions.push(Version { version, name: None, applied: true });
        }
    }
    versions.sort_by(|one, other| one.version.cmp(&other.version));
    Ok(Ledger(versions))
}

fn applied(connection: &mut Connection) -> QueryResult<Vec<String>> {
    let table = match connection {
        Connection::Postgres(_) => "SELECT to_regclass('__diesel_schema_migrations') IS NOT NULL AS found",
        Connection::Sqlite(_) => {
            "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' \
             AND name = '__diesel_schema_migrations') AS found"
        }
    };
    if !diesel::sql_query(table).get_result::<Found>(connection)?.found {
        return Ok(Vec::new());
    }
    let rows: Vec<Applied> = diesel::sql_query(
        "SELECT CAST(version AS TEXT) AS version FROM __diesel_schema_migrations ORDER BY 1",
    )
    .load(connection)?;
    Ok(rows.into_iter().map(|row| row.version).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ledger(versions: &[(&str, bool, bool)]) -> Ledger {
        Ledger(
            versions
                .iter()
                .map(|(version, known, applied)| Version {
                    version: (*version).to_owned(),
                    name: known.then(|| format!("{version}_x")),
                    applied: *applied,
                })
                .collect(),
        )
    }

    #[test]
    fn each_version_is_on_one_list() {
        let ledger = ledger(&[("1", true, true), ("2", true, false), ("3", false, true)]);
        assert_eq!(ledger.applied(), ["1", "3"]);
        assert_eq!(ledger.pending(), ["2"]);
        assert_eq!(ledger.unknown(), ["3"]);
    }

    #[test]
    fn a_version_that_takes_away_says_whom_it_leaves_behind() {
        assert!(ledger(&[("1", true, true), ("3", false, true)]).too_new().is_empty(), "it adds something");
        assert!(ledger(&[("1", true, true), ("3needs1", false, true)]).too_new().is_empty(), "1 is known");
        let behind = ledger(&[("1", true, true), ("2", false, true), ("3needs2", false, true)]);
        assert_eq!(behind.too_new(), ["3needs2"], "2 is not");
        assert!(ledger(&[("3needs2", true, true)]).too_new().is_empty(), "it is known itself");
    }
}
