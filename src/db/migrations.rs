//! The schema's migrations, carried in the binary: one tree a database, the same versions in both.

pub mod down;
pub mod ledger;

use diesel::QueryResult;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::db::{Connection, Database, DatabaseError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies what is pending; gives the versions applied. All of it or nothing: whoever else starts at the same
/// moment waits, then finds nothing pending.
pub fn up(database: &Database) -> Result<Vec<String>, DatabaseError> {
    if database.read(ledger::read)?.pending().is_empty() {
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

/// Nobody else changes the schema until the transaction ends.
fn serialize(connection: &mut Connection) -> QueryResult<()> {
    connection.lock_until_end(7_305_220)
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> DatabaseError {
    DatabaseError::Migration(error.to_string())
}

fn names(versions: Vec<diesel::migration::MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
