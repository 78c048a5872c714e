//! The schema's migrations, carried in the binary: one tree a database, the same versions in both.

use std::collections::BTreeSet;

use diesel::migration::{Migration, MigrationSource};
use diesel::{QueryResult, QueryableByName, RunQueryDsl};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::db::{Connection, Database, DatabaseError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies what is pending; gives the versions applied. All of it or nothing: whoever else starts at the same
/// moment waits, then finds nothing pending.
pub fn up(database: &Database) -> Result<Vec<String>, DatabaseError> {
    if database.read(pending)? == 0 {
        return Ok(Vec::new());
    }
    database.write(|connection| {
        serialize(connection)?;
        match connection {
            Connection::Postgres(inner) => inner.run_pending_migrations(POSTGRES).map(names),
            Connection::Sqlite(inner) => inner.run_pending_migrations(SQLITE).map(names),
        }
        .map_err(failed)
    })
}

/// Takes every migration back, the latest first; for tests of the way down.
pub fn down_all(database: &Database) -> Result<Vec<String>, DatabaseError> {
    database.write(|connection| {
        serialize(connection)?;
        match connection {
            Connection::Postgres(inner) => inner.revert_all_migrations(POSTGRES).map(names),
            Connection::Sqlite(inner) => inner.revert_all_migrations(SQLITE).map(names),
        }
        .map_err(failed)
    })
}

/// How many migrations the database still lacks. Writes nothing: diesel's own question creates its table.
pub fn pending(connection: &mut Connection) -> Result<usize, DatabaseError> {
    let applied = applied(connection)?;
    let known = match connection {
        Connection::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
        Connection::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
    };
    Ok(known.map_err(failed)?.iter().filter(|version| !applied.contains(*version)).count())
}

fn serialize(connection: &mut Connection) -> QueryResult<()> {
    connection.lock_until_end(7_305_220)
}

fn applied(connection: &mut Connection) -> QueryResult<BTreeSet<String>> {
    #[derive(QueryableByName)]
    struct Version {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let table = match connection {
        Connection::Postgres(_) => {
            "SELECT relname::text AS version FROM pg_class WHERE oid = to_regclass('__diesel_schema_migrations')"
        }
        Connection::Sqlite(_) => {
            "SELECT name AS version FROM sqlite_master WHERE name = '__diesel_schema_migrations'"
        }
    };
    if diesel::sql_query(table).load::<Version>(connection)?.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = "SELECT CAST(version AS TEXT) AS version FROM __diesel_schema_migrations";
    Ok(diesel::sql_query(rows).load::<Version>(connection)?.into_iter().map(|row| row.version).collect())
}

fn versions<DB: diesel::backend::Backend>(tree: &EmbeddedMigrations) -> diesel::migration::Result<Vec<String>>
where
    EmbeddedMigrations: MigrationSource<DB>,
{
    let migrations: Vec<Box<dyn Migration<DB>>> = MigrationSource::<DB>::migrations(tree)?;
    Ok(migrations.iter().map(|migration| migration.name().version().to_string()).collect())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> DatabaseError {
    DatabaseError::Migration(error.to_string())
}

fn names(versions: Vec<diesel::migration::MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
