//! One connection type over both databases, and how its transactions begin and end.

use std::time::Duration;

use diesel::connection::{
    AnsiTransactionManager, SimpleConnection, TransactionManager, TransactionManagerStatus,
};
use diesel::dsl::sql;
use diesel::sql_types::Bool;
use diesel::{PgConnection, QueryResult, RunQueryDsl, SqliteConnection};

/// A connection to either database, within a transaction: see [`super::Database`].
#[derive(diesel::MultiConnection)]
pub enum AnyConnection {
    /// To PostgreSQL.
    Postgres(PgConnection),
    /// To a SQLite file.
    Sqlite(SqliteConnection),
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// One consistent snapshot.
    Read,
    /// On SQLite it takes the write lock at once: a deferred one fails half-way when another writer comes between.
    Write,
}

/// How transactions begin on PostgreSQL. Their limits of time are said in every one: a pooler between hands on no
/// other settings.
#[derive(Clone, Debug)]
pub(super) struct Beginnings {
    read: String,
    write: String,
}

impl Beginnings {
    /// A process that has been stopped in the middle of a change holds up the others for as long as `patience`; who
    /// reads holds nobody up, and may have much to think over between two questions.
    pub(super) fn with(patience: Duration) -> Self {
        let millis = patience.as_millis();
        Beginnings {
            read: format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL lock_timeout = {millis}; \
                 SET LOCAL idle_in_transaction_session_timeout = '5min'"
            ),
            write: format!(
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = {millis}; \
                 SET LOCAL idle_in_transaction_session_timeout = {millis}"
            ),
        }
    }
}

impl AnyConnection {
    /// First thing in a transaction that decides by what stands, what is down or what merchants were told: lets
    /// nobody else change any of it until its end, so that what was true when it was asked still is when it is
    /// written. SQLite has one writer anyway.
    pub fn serialize_schedule(&mut self) -> QueryResult<()> {
        self.lock_until_end(7_305_221)
    }

    /// First thing in a transaction that tells of what stands: nobody changes the schedule until its end, but others
    /// may tell of it beside.
    pub fn share_schedule(&mut self) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(inner) => {
                inner.batch_execute("SELECT pg_advisory_xact_lock_shared(7305221)")
            }
            AnyConnection::Sqlite(_) => Ok(()),
        }
    }

    /// First thing in a transaction that opens appointments: whether no other replica does so at this moment. Then
    /// none does until the transaction's end. Waits for nobody.
    pub fn alone_in_dispatch(&mut self) -> QueryResult<bool> {
        match self {
            AnyConnection::Postgres(inner) => {
                diesel::select(sql::<Bool>("pg_try_advisory_xact_lock(7305223)")).get_result(inner)
            }
            AnyConnection::Sqlite(_) => Ok(true),
        }
    }

    /// First thing in a transaction that counts the searches under way before it adds one.
    pub fn serialize_searches(&mut self) -> QueryResult<()> {
        self.lock_until_end(7_305_222)
    }

    /// Takes PostgreSQL's advisory lock of this number for the transaction.
    pub(super) fn lock_until_end(&mut self, number: i64) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(inner) => {
                inner.batch_execute(&format!("SELECT pg_advisory_xact_lock({number})"))
            }
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

    /// Ends other transactions of ours that hold an advisory lock and have waited for `patience` for their process
    /// to say or take the next bytes of one statement: it has been stopped, and no limit of time ends that. How many.
    pub(super) fn cut_off_stopped(&mut self, patience: Duration) -> QueryResult<i64> {
        #[derive(diesel::QueryableByName)]
        struct Ended {
            #[diesel(sql_type = diesel::sql_types::BigInt)]
            count: i64,
        }
        let AnyConnection::Postgres(inner) = self else { return Ok(0) };
        let statement = "WITH stopped AS MATERIALIZED (SELECT pid FROM pg_stat_activity a \
             WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid() \
             AND state = 'active' AND wait_event_type = 'Client' \
             AND query_start < clock_timestamp() - $1 * interval '1 millisecond' \
             AND EXISTS (SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.granted AND l.locktype = 'advisory')) \
             SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, 5000)) AS count FROM stopped";
        let millis = i64::try_from(patience.as_millis()).unwrap_or(i64::MAX);
        let ended: Ended =
            diesel::sql_query(statement).bind::<diesel::sql_types::BigInt, _>(millis).get_result(inner)?;
        Ok(ended.count)
    }

    pub(super) fn begin(&mut self, purpose: Purpose, beginnings: &Beginnings) -> QueryResult<()> {
        match (self, purpose) {
            (AnyConnection::Postgres(inner), Purpose::Read) => {
                AnsiTransactionManager::begin_transaction_sql(inner, &beginnings.read)
            }
            (AnyConnection::Postgres(inner), Purpose::Write) => {
                AnsiTransactionManager::begin_transaction_sql(inner, &beginnings.write)
            }
            (AnyConnection::Sqlite(inner), Purpose::Read) => {
                AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN")
            }
            (AnyConnection::Sqlite(inner), Purpose::Write) => {
                AnsiTransactionManager::begin_transaction_sql(inner, "BEGIN IMMEDIATE")
            }
        }
    }

    /// PostgreSQL answers the COMMIT of a transaction in which a statement has failed with a rollback, and calls
    /// that a success: the question before it fails instead. Its connection keeps count of transactions by what the
    /// server says.
    pub(super) fn commit(&mut self) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(inner) => inner.batch_execute("SELECT 1; COMMIT"),
            AnyConnection::Sqlite(inner) => AnsiTransactionManager::commit_transaction(inner),
        }
    }

    pub(super) fn roll_back(&mut self) -> QueryResult<()> {
        match self {
            AnyConnection::Postgres(inner) => AnsiTransactionManager::rollback_transaction(inner),
            AnyConnection::Sqlite(inner) => AnsiTransactionManager::rollback_transaction(inner),
        }
    }

    /// Whether it is within a transaction, or in a state that nobody knows.
    pub(super) fn is_in_transaction(&mut self) -> bool {
        !matches!(self.status().transaction_depth(), Ok(None))
    }

    /// Whether nobody knows in which state it is.
    pub(super) fn is_lost(&mut self) -> bool {
        self.status().transaction_depth().is_err()
    }

    fn status(&mut self) -> &mut TransactionManagerStatus {
        match self {
            AnyConnection::Postgres(inner) => AnsiTransactionManager::transaction_manager_status_mut(inner),
            AnyConnection::Sqlite(inner) => AnsiTransactionManager::transaction_manager_status_mut(inner),
        }
    }
}
