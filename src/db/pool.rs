//! A pool of connections to one database.

use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use diesel::{Connection as _, PgConnection, SqliteConnection};

use super::connection::AnyConnection;
use super::outage::{DatabaseError, Outage};

/// Connections that a pool holds at most.
pub(super) const CONNECTIONS_MAX: u32 = 16;

/// How long somebody waits for a connection.
const WAIT: Duration = Duration::from_secs(10);

/// A pool of connections to one database. Every query runs in a transaction: see [`Database::read`] and
/// [`Database::write`].
#[derive(Clone)]
pub struct Database {
    pool: Pool<Manager>,
    pub(super) stall_seconds: u32,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Database")
    }
}

impl Database {
    /// Opens the database that `url` names: `sqlite:PATH` or `postgres://…`. The file is made if there is none.
    pub fn open(url: &str) -> Result<Self, DatabaseError> {
        let manager = Manager::of(url)?;
        let pool = Pool::builder()
            .max_size(CONNECTIONS_MAX)
            .min_idle(Some(0))
            .connection_timeout(WAIT)
            // Whether it still answers is found out by BEGIN: that spares every transaction a way to the server.
            .test_on_check_out(false)
            .build(manager)
            .map_err(|error| Outage::Unreachable.because(error))?;
        Ok(Database { pool, stall_seconds: 120 })
    }

    /// The same, with another time after which PostgreSQL gives up a transaction that writes and says nothing (two
    /// minutes unless told): the process has been stopped or its machine has gone, and its locks hold others up.
    #[must_use]
    pub fn giving_up_after(self, stall_seconds: u32) -> Self {
        Database { stall_seconds, ..self }
    }

    /// A connection from the pool, outside a transaction.
    pub(super) fn get(&self) -> Result<PooledConnection<Manager>, DatabaseError> {
        self.pool.get().map_err(|error| Outage::Unreachable.because(error))
    }
}

/// A connection of the pool.
pub(super) struct Slot {
    pub(super) connection: AnyConnection,
    /// It is of no use any more.
    pub(super) broken: bool,
}

/// Makes connections for the pool. diesel's own manager would try one database after the other; the scheme of
/// the URL decides.
#[derive(Clone)]
pub(super) struct Manager {
    target: Target,
}

#[derive(Clone)]
enum Target {
    Postgres(String),
    Sqlite(String),
}

impl Manager {
    fn of(url: &str) -> Result<Self, DatabaseError> {
        let target = if let Some(path) = url.strip_prefix("sqlite:") {
            Target::Sqlite(path.to_owned())
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Target::Postgres(url.to_owned())
        } else {
            return Err(DatabaseError::UnknownScheme(url.split('@').next_back().unwrap_or(url).to_owned()));
        };
        Ok(Manager { target })
    }
}

/// A connection could not be made or has gone.
#[derive(Debug, thiserror::Error)]
pub(super) enum ManagerError {
    /// It could not be made.
    #[error("{0}")]
    Connect(#[from] diesel::ConnectionError),
    /// It does not answer.
    #[error("{0}")]
    Query(#[from] diesel::result::Error),
}

impl ManageConnection for Manager {
    type Connection = Slot;
    type Error = ManagerError;

    fn connect(&self) -> Result<Slot, ManagerError> {
        let connection = match &self.target {
            Target::Postgres(url) => AnyConnection::Postgres(PgConnection::establish(url)?),
            Target::Sqlite(path) => {
                let mut inner = SqliteConnection::establish(path)?;
                inner.batch_execute(
                    "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;",
                )?;
                AnyConnection::Sqlite(inner)
            }
        };
        Ok(Slot { connection, broken: false })
    }

    fn is_valid(&self, slot: &mut Slot) -> Result<(), ManagerError> {
        slot.connection.batch_execute("SELECT 1").map_err(ManagerError::Query)
    }

    /// A connection that comes back within a transaction (whoever held it panicked) would hold its locks for
    /// ever: it is closed, which rolls back.
    fn has_broken(&self, slot: &mut Slot) -> bool {
        slot.broken || slot.connection.is_in_transaction()
    }
}
