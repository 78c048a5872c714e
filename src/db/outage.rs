//! What can be wrong with the database as a whole: which of it passes by itself, and what to do about the rest.

use diesel::result::{DatabaseErrorKind, Error as QueryError};

/// What can go wrong with the database as a whole.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL has no scheme that is known.
    #[error("`{0}` is not a database; use sqlite:PATH or postgres://USER@HOST/NAME")]
    UnknownScheme(String),
    /// The URL wants what this program was built without.
    #[error(
        "database_url asks for TLS ({0}), and this program was built without; build it with `cargo build --release \
         --features postgres-tls` (needs libssl-dev and pkg-config): see docs/postgresql.md"
    )]
    NoTls(String),
    /// Migrations failed.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(String),
    /// It cannot do anything for now; nothing was changed, unless the outcome is unknown.
    #[error("{outage} ({detail}); {}", .outage.remedy())]
    Unavailable {
        /// Why.
        outage: Outage,
        /// In the database's own words.
        detail: String,
    },
    /// A query.
    #[error("the database refused: {0}")]
    Query(#[from] QueryError),
}

/// Why the database cannot do what it is asked for, though nothing is wrong with the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outage {
    /// No connection can be made, or it was lost.
    Unreachable,
    /// It is on its way up or down.
    Restarting,
    /// The server takes no more connections.
    TooManyConnections,
    /// Every connection of this process is in use.
    PoolExhausted,
    /// The server does not let us in.
    Denied,
    /// It takes no writes.
    ReadOnly,
    /// Its disk is full.
    DiskFull,
    /// Somebody else was changing the same: begun again, it may come through.
    Contended,
    /// Somebody else has held what was needed, for so long that nobody waits any more.
    Locked,
    /// A statement took longer than the database allows.
    TooSlow,
    /// A pooler changes the connection beneath what was prepared on it.
    PooledUnawares,
    /// The connection was lost while the changes were being committed.
    OutcomeUnknown,
}

/// What servers, poolers and libpq say, in lower case. The database's interface hides the error codes of most of
/// it, so words are all there is: PostgreSQL's are English where its `lc_messages` is, see docs/postgresql.md.
const WORDS: [(Outage, &[&str]); 10] = [
    (
        Outage::Restarting,
        &[
            "the database system is starting up",
            "the database system is shutting down",
            "the database system is in recovery mode",
            "the database system is not yet accepting connections",
            "the database system is not accepting connections",
            "terminating connection due to administrator command",
        ],
    ),
    (
        Outage::Unreachable,
        &[
            "server closed the connection unexpectedly",
            "terminating connection due to",
            "no connection to the server",
            "connection not open",
            "could not receive data from server",
            "could not send data to server",
            "ssl connection has been closed unexpectedly",
            "ssl syscall error",
        ],
    ),
    (
        Outage::TooManyConnections,
        &[
            "too many clients already",
            "too many connections for",
            "remaining connection slots are reserved",
            "no more connections allowed",
        ],
    ),
    (
        Outage::Denied,
        &[
            "authentication failed",
            "no password supplied",
            "no pg_hba.conf entry",
            "permission denied",
            "\" does not exist",
            "is not permitted to log in",
            "is not currently accepting connections",
            "certificate verify failed",
            "certificate has expired",
            "server certificate for",
            "root certificate file",
            "sslmode value",
            "server does not support ssl",
            "invalid connection option",
            "invalid uri query parameter",
            "unable to open database file",
            "no such database",
        ],
    ),
    (
        Outage::ReadOnly,
        &[
            "session is read-only",
            "server is in hot standby mode",
            "in a read-only transaction",
            "attempt to write a readonly database",
        ],
    ),
    (Outage::PooledUnawares, &["prepared statement \"__diesel_stmt"]),
    (Outage::Contended, &["deadlock detected", "could not serialize access"]),
    (Outage::DiskFull, &["no space left on device", "disk is full", "disk full", "disk quota exceeded"]),
    (
        Outage::Locked,
        &["canceling statement due to lock timeout", "database is locked", "database table is locked"],
    ),
    (
        Outage::TooSlow,
        &["canceling statement due to statement timeout", "canceling statement due to user request"],
    ),
];

impl std::fmt::Display for Outage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Outage::Unreachable => "the database is out of reach",
            Outage::Restarting => "the database is starting or stopping",
            Outage::TooManyConnections => "the database takes no more connections",
            Outage::PoolExhausted => "every connection to the database is in use",
            Outage::Denied => "the database does not let Offpeak in",
            Outage::ReadOnly => "the database takes no writes",
            Outage::DiskFull => "the database has no room on its disk; nothing was changed",
            Outage::Contended => "somebody else was changing the same; nothing was changed",
            Outage::Locked => "somebody else has been changing the same for long; nothing was changed",
            Outage::TooSlow => "the database took too long; nothing was changed",
            Outage::PooledUnawares => {
                "a pooler stands before the database and changes connections beneath Offpeak"
            }
            Outage::OutcomeUnknown => {
                "the connection was lost at the end; it is not known whether it was done"
            }
        })
    }
}

impl Outage {
    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Outage::Unreachable => {
                "try again in a moment; if it stays so, look at database_url and at the server"
            }
            Outage::Restarting => "try again in a moment",
            Outage::TooManyConnections => {
                "lower database_connections_max, raise the server's max_connections, or put PgBouncer before it"
            }
            Outage::PoolExhausted => {
                "try again in a moment; if it happens often, raise database_connections_max"
            }
            Outage::Denied => "look at database_url, and at who may enter the server",
            Outage::ReadOnly => {
                "it may be a standby: let database_url name the primary, or all servers; a file has to be writable"
            }
            Outage::DiskFull => "make room there, then do it again",
            Outage::Contended => "do it again",
            Outage::Locked => "do it again when that is done",
            Outage::TooSlow => "do it again when the database has less to do",
            Outage::PooledUnawares => "set database_pooler = \"transaction\"",
            Outage::OutcomeUnknown => "look whether it was, before you do it again",
        }
    }

    /// One stable word.
    pub fn code(self) -> &'static str {
        match self {
            Outage::Unreachable => "database_unreachable",
            Outage::Restarting => "database_restarting",
            Outage::TooManyConnections => "database_connections",
            Outage::PoolExhausted => "database_pool",
            Outage::Denied => "database_denied",
            Outage::ReadOnly => "database_read_only",
            Outage::DiskFull => "database_full",
            Outage::Contended => "database_contended",
            Outage::Locked => "database_locked",
            Outage::TooSlow => "database_slow",
            Outage::PooledUnawares => "database_pooler",
            Outage::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// The outage that makes a query fail, if it is one.
    pub(super) fn of(error: &QueryError) -> Option<Outage> {
        let (kind, message) = match error {
            QueryError::DatabaseError(kind, information) => (kind, information.message()),
            QueryError::BrokenTransactionManager => return Some(Outage::Unreachable),
            QueryError::RollbackErrorOnCommit { commit_error, .. } => return Outage::of(commit_error),
            _ => return None,
        };
        match kind {
            DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
                Some(Outage::Unreachable)
            }
            DatabaseErrorKind::SerializationFailure => Some(Outage::Contended),
            DatabaseErrorKind::ReadOnlyTransaction => Some(Outage::ReadOnly),
            DatabaseErrorKind::Unknown => Outage::in_words(message)
                // Of a query that is a defect of ours, or a table's rights.
                .filter(|outage| *outage != Outage::Denied),
            _ => None,
        }
    }

    /// Why no connection could be made.
    pub(super) fn of_connecting(message: &str) -> Outage {
        Outage::in_words(message).unwrap_or(Outage::Unreachable)
    }

    fn in_words(message: &str) -> Option<Outage> {
        let message = message.to_lowercase();
        let said = |(_, words): &&(Outage, &[&str])| words.iter().any(|words| message.contains(words));
        WORDS.iter().find(said).map(|(outage, _)| *outage)
    }

    /// Whether the same may succeed in a moment. What has waited for long already is not tried again.
    pub(super) fn passes(self) -> bool {
        matches!(
            self,
            Outage::Unreachable
                | Outage::Restarting
                | Outage::ReadOnly
                | Outage::Contended
                | Outage::TooManyConnections
        )
    }

    /// Whether the connection that met it is of no use any more: after a fail-over the old one leads to a server
    /// that takes no writes.
    pub(super) fn takes_the_connection(self) -> bool {
        matches!(self, Outage::Unreachable | Outage::Restarting | Outage::ReadOnly | Outage::OutcomeUnknown)
    }

    pub(super) fn because(self, detail: impl std::fmt::Display) -> DatabaseError {
        let detail = detail.to_string();
        let lines: Vec<&str> = detail.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        DatabaseError::Unavailable { outage: self, detail: lines.join("; ") }
    }
}
