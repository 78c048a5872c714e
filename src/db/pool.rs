//! A pool of connections to one database.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use diesel::connection::{CacheSize, SimpleConnection};
use diesel::r2d2::{ManageConnection, NopErrorHandler, Pool, PooledConnection};
use diesel::{Connection as _, PgConnection, SqliteConnection};

use super::connection::{AnyConnection, Beginnings};
use super::outage::{DatabaseError, Outage};
use super::postgres_url;

/// How often whoever waits for a connection looks whether there is any use in waiting.
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// How a database is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolOptions {
    /// Connections that this process holds at most.
    pub connections_max: u32,
    /// A pooler before PostgreSQL lends its connections for a transaction each: no statement stays prepared.
    pub pooled_by_transaction: bool,
    /// How long somebody waits for a connection.
    pub wait: Duration,
    /// On PostgreSQL: how long a process that has been stopped in the middle of a change may hold up the others.
    pub patience: Duration,
}

impl Default for PoolOptions {
    fn default() -> Self {
        PoolOptions {
            connections_max: 16,
            pooled_by_transaction: false,
            wait: Duration::from_secs(10),
            patience: Duration::from_secs(30),
        }
    }
}

/// A pool of connections to one database. Every query runs in a transaction: see [`Database::read`] and
/// [`Database::write`].
#[derive(Clone)]
pub struct Database {
    pool: Pool<Manager>,
    trouble: Trouble,
    wait: Duration,
    pub(super) patience: Duration,
    pub(super) beginnings: Arc<Beginnings>,
}

/// Why the last attempt to connect failed, if it did.
type Trouble = Arc<Mutex<Option<String>>>;

impl std::fmt::Debug for Database {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Database")
    }
}

impl Database {
    /// Opens the database that `url` names: `sqlite:PATH` or `postgres://…`. The file is made if there is none.
    /// Nothing is asked of it yet.
    pub fn open(url: &str) -> Result<Self, DatabaseError> {
        Database::open_with(url, PoolOptions::default())
    }

    /// The same with options of the caller's.
    pub fn open_with(url: &str, options: PoolOptions) -> Result<Self, DatabaseError> {
        let manager = Manager::of(url, options)?;
        let trouble = Trouble::clone(&manager.trouble);
        let pool = Pool::builder()
            .max_size(options.connections_max)
            .min_idle(Some(0))
            .connection_timeout(options.wait)
            // Whether it still answers is found out by BEGIN: that spares every transaction a way to the server.
            .test_on_check_out(false)
            .error_handler(Box::new(NopErrorHandler))
            .build(manager)
            .map_err(|error| Outage::Unreachable.because(error))?;
        let PoolOptions { wait, patience, .. } = options;
        Ok(Database { pool, trouble, wait, patience, beginnings: Arc::new(Beginnings::with(patience)) })
    }

    /// Connections that the pool holds at most.
    pub(super) fn connections_max(&self) -> u32 {
        self.pool.max_size()
    }

    /// A connection from the pool, outside a transaction. Waits for one, unless the server says that it will never
    /// give any.
    pub(super) fn get(&self) -> Result<PooledConnection<Manager>, DatabaseError> {
        let trouble = || self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut left = self.wait;
        while !left.is_zero() {
            if let Ok(slot) = self.pool.get_timeout(LOOK_EVERY) {
                return Ok(slot);
            }
            left = left.saturating_sub(LOOK_EVERY);
            if let Some(words) = trouble().filter(|words| Outage::of_connecting(words) == Outage::Denied) {
                return Err(Outage::Denied.because(words));
            }
        }
        Err(match trouble() {
            Some(words) => Outage::of_connecting(&words).because(words),
            None => {
                let max = self.connections_max();
                Outage::PoolExhausted.because(format!("database_connections_max is {max}"))
            }
        })
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
    trouble: Trouble,
}

#[derive(Clone)]
enum Target {
    Postgres { url: String, prepares: bool },
    Sqlite(String),
}

impl Manager {
    fn of(url: &str, options: PoolOptions) -> Result<Self, DatabaseError> {
        let target = if let Some(path) = url.strip_prefix("sqlite:") {
            Target::Sqlite(path.to_owned())
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            if let Some(asked) = postgres_url::asks_for_tls(url).filter(|_| !cfg!(feature = "postgres-tls")) {
                return Err(DatabaseError::NoTls(asked.to_owned()));
            }
            Target::Postgres { url: postgres_url::complete(url), prepares: !options.pooled_by_transaction }
        } else {
            return Err(DatabaseError::UnknownScheme(url.split('@').next_back().unwrap_or(url).to_owned()));
        };
        Ok(Manager { target, trouble: Trouble::default() })
    }

    fn establish(&self) -> Result<AnyConnection, ManagerError> {
        match &self.target {
            Target::Postgres { url, prepares } => {
                let mut inner = PgConnection::establish(url)?;
                if !prepares {
                    inner.set_prepared_statement_cache_size(CacheSize::Disabled);
                }
                Ok(AnyConnection::Postgres(inner))
            }
            Target::Sqlite(path) => {
                let mut inner = SqliteConnection::establish(path)?;
                // Mapped (up to 2 GB, SQLite's own limit), a page is read without a call and without a copy: single rows of
                // a large table come three to five times as fast.
                inner.batch_execute(
                    "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536; \
                     PRAGMA mmap_size = 2147418112;",
                )?;
                Ok(AnyConnection::Sqlite(inner))
            }
        }
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
        let made = self.establish();
        let words = made.as_ref().err().map(ToString::to_string);
        if let Some(words) = &words {
            tracing::warn!(error = words.trim_end(), "no connection to the database");
        }
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = words;
        Ok(Slot { connection: made?, broken: false })
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
