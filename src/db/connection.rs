//! One connection type over both databases, its pool, and its transactions.

use std::time::Duration;

use diesel::connection::{AnsiTransactionManager, SimpleConnection, TransactionManager};
use diesel::r2d2::{ManageConnection, Pool, PooledConnection};
use diesel::{Connection as _, PgConnection, QueryResult, SqliteConnection};

/// A connection to either database.
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// To PostgreSQL.
    Postgres(PgConnection),
    /// To a SQLite file.
    Sqlite(SqliteConnection),
}

/// What can go wrong with the database as a whole.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL has no scheme that is known.
    #[error("`{0}` is not a database; use sqlite:PATH or postgres://USER@HOST/NAME")]
    UnknownScheme(String),
    /// No connection.
    #[error("no connection to the database: {0}")]
    Unreachable(String),
    /// Migrations failed.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(String),
}

/// A pool of connections to one database.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Manager>,
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
            .max_size(16)
            .min_idle(Some(0))
            .connection_timeout(Duration::from_secs(10))
            .build(manager)
            .map_err(|error| DatabaseError::Unreachable(error.to_string()))?;
        Ok(Database { pool })
    }

    /// A connection from the pool.
    pub fn get(&self) -> Result<PooledConnection<Manager>, DatabaseError> {
        self.pool.get().map_err(|error| DatabaseError::Unreachable(error.to_string()))
    }
}

impl AnyConnection {
    /// Runs `work` in a transaction that may write: on SQLite it takes the write lock at once (a deferred one
    /// fails half-way when another writer comes between). Commits on `Ok`, rolls back on `Err`.
    pub fn write<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<diesel::result::Error>,
    {
        self.within("BEGIN IMMEDIATE", "BEGIN", work)
    }

    /// Runs `work` on one consistent snapshot.
    pub fn read<T, E>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E>
    where
        E: From<diesel::result::Error>,
    {
        self.within("BEGIN", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", work)
    }

    /// First thing in a transaction that decides by what stands, what is down or what merchants were told: lets
    /// nobody else change any of it until its end, so that what was true when it was asked still is when it is
    /// written. SQLite has one writer anyway.
    pub fn serialize_schedule(&mut self) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(inner) => inner.batch_execute("SELECT pg_advisory_xact_lock(7305221)"),
            AnyConnection::Sqlite(_) => Ok(()),
        }
    }

    /// First thing in a transaction that counts the searches under way before it adds one.
    pub fn serialize_searches(&mut self) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(inner) => inner.batch_execute("SELECT pg_advisory_xact_lock(7305222)"),
            AnyConnection::Sqlite(_) => Ok(()),
        }
    }

    /// `sqlite` or `postgres`.
    pub fn kind(&self) -> &'static str {
        match self {
            AnyConnection::Postgres(_) => "postgres",
            AnyConnection::Sqlite(_) => "sqlite",
        }
    }

    fn within<T, E>(
        &mut self,
        begin_sqlite: &str,
        begin_postgres: &str,
        work: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E>
    where
        E: From<diesel::result::Error>,
    {
        match self {
            AnyConnection::Postgres(inner) => {
                AnsiTransactionManager::begin_transaction_sql(inner, begin_postgres)?;
            }
            AnyConnection::Sqlite(inner) => {
                AnsiTransactionManager::begin_transaction_sql(inner, begin_sqlite)?
            }
        }
        match work(self) {
            Ok(value) => {
                self.end(true)?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to report; the connection is broken if this fails too.
                let _ = self.end(false);
                Err(error)
            }
        }
    }

    fn end(&mut self, commit: bool) -> QueryResult<()> {
        match (self, commit) {
            (AnyConnection::Postgres(inner), true) => AnsiTransactionManager::commit_transaction(inner),
            (AnyConnection::Postgres(inner), false) => AnsiTransactionManager::rollback_transaction(inner),
            (AnyConnection::Sqlite(inner), true) => AnsiTransactionManager::commit_transaction(inner),
            (AnyConnection::Sqlite(inner), false) => AnsiTransactionManager::rollback_transaction(inner),
        }
    }
}

/// Makes connections for the pool. diesel's own manager would try one database after the other; the scheme of
/// the URL decides.
#[derive(Clone)]
pub struct Manager {
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
pub enum ManagerError {
    /// It could not be made.
    #[error("{0}")]
    Connect(#[from] diesel::ConnectionError),
    /// It does not answer.
    #[error("{0}")]
    Query(#[from] diesel::result::Error),
}

impl ManageConnection for Manager {
    type Connection = AnyConnection;
    type Error = ManagerError;

    fn connect(&self) -> Result<AnyConnection, ManagerError> {
        match &self.target {
            Target::Postgres(url) => Ok(AnyConnection::Postgres(PgConnection::establish(url)?)),
            Target::Sqlite(path) => {
                let mut inner = SqliteConnection::establish(path)?;
                inner.batch_execute(
                    "PRAGMA busy_timeout = 30000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; \
                     PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -65536;",
                )?;
                Ok(AnyConnection::Sqlite(inner))
            }
        }
    }

    fn is_valid(&self, connection: &mut AnyConnection) -> Result<(), ManagerError> {
        connection.batch_execute("SELECT 1").map_err(ManagerError::Query)
    }

    /// A connection that comes back within a transaction (whoever held it panicked) would hold its locks for
    /// ever: it is closed, which rolls back.
    fn has_broken(&self, connection: &mut AnyConnection) -> bool {
        let status = match connection {
            AnyConnection::Postgres(inner) => AnsiTransactionManager::transaction_manager_status_mut(inner),
            AnyConnection::Sqlite(inner) => AnsiTransactionManager::transaction_manager_status_mut(inner),
        };
        !matches!(status.transaction_depth(), Ok(None))
    }
}
