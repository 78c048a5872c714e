//! The schema's migrations, carried in the binary: one tree a database, the same versions in both.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::db::{Connection, DatabaseError};

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies what is pending; gives the versions applied. Changes nothing when nothing is.
pub fn up(connection: &mut Connection) -> Result<Vec<String>, DatabaseError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| DatabaseError::Migration(error.to_string());
    let applied = match connection {
        Connection::Postgres(inner) => {
            // Two replicas may start at once: the second waits, then finds nothing pending.
            let lock = "SELECT pg_advisory_lock(7305220)";
            let unlock = "SELECT pg_advisory_unlock(7305220)";
            diesel::connection::SimpleConnection::batch_execute(inner, lock)
                .map_err(|error| DatabaseError::Migration(error.to_string()))?;
            let result = inner.run_pending_migrations(POSTGRES).map(names);
            diesel::connection::SimpleConnection::batch_execute(inner, unlock)
                .map_err(|error| DatabaseError::Migration(error.to_string()))?;
            result.map_err(failed)?
        }
        Connection::Sqlite(inner) => {
            let pending = inner.has_pending_migration(SQLITE).map_err(failed)?;
            if pending {
                // Two processes may start at once here too.
                inner
                    .immediate_transaction(|inner| inner.run_pending_migrations(SQLITE).map(names))
                    .map_err(failed)?
            } else {
                Vec::new()
            }
        }
    };
    Ok(applied)
}

/// Takes every migration back, the latest first; for tests of the way down.
pub fn down_all(connection: &mut Connection) -> Result<Vec<String>, DatabaseError> {
    let failed =
        |error: Box<dyn std::error::Error + Send + Sync>| DatabaseError::Migration(error.to_string());
    match connection {
        Connection::Postgres(inner) => inner.revert_all_migrations(POSTGRES).map(names).map_err(failed),
        Connection::Sqlite(inner) => inner.revert_all_migrations(SQLITE).map(names).map_err(failed),
    }
}

/// How many migrations the database still lacks.
pub fn pending(connection: &mut Connection) -> Result<usize, DatabaseError> {
    let count = match connection {
        Connection::Postgres(inner) => inner.pending_migrations(POSTGRES).map(|list| list.len()),
        Connection::Sqlite(inner) => inner.pending_migrations(SQLITE).map(|list| list.len()),
    };
    count.map_err(|error| DatabaseError::Migration(error.to_string()))
}

fn names(versions: Vec<diesel::migration::MigrationVersion<'_>>) -> Vec<String> {
    versions.iter().map(ToString::to_string).collect()
}
