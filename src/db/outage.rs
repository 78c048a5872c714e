//! What can be wrong with the database as a whole, and which of it passes by itself.

use diesel::result::{DatabaseErrorKind, Error as QueryError};

/// What can go wrong with the database as a whole.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The URL has no scheme that is known.
    #[error("`{0}` is not a database; use sqlite:PATH or postgres://USER@HOST/NAME")]
    UnknownScheme(String),
    /// Migrations failed.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(String),
    /// It cannot do anything for now; nothing was changed, unless the outcome is unknown.
    #[error("{outage}: {detail}")]
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
    /// It takes no writes.
    ReadOnly,
    /// Somebody else held what was needed.
    Contended,
    /// The connection was lost while the changes were being committed.
    OutcomeUnknown,
}

impl std::fmt::Display for Outage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Outage::Unreachable => "no connection to the database",
            Outage::ReadOnly => "the database takes no writes",
            Outage::Contended => "somebody else was changing the same; ask again",
            Outage::OutcomeUnknown => {
                "the connection to the database was lost at the end; it is not known whether it was done: look before \
                 asking again"
            }
        })
    }
}

impl Outage {
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
            _ if message.contains("deadlock detected") || message.contains("database is locked") => {
                Some(Outage::Contended)
            }
            _ => None,
        }
    }

    /// Whether the same may succeed in a moment.
    pub(super) fn passes(self) -> bool {
        matches!(self, Outage::Unreachable | Outage::ReadOnly | Outage::Contended)
    }

    /// Whether the connection that met it is of no use any more: after a fail-over the old one leads to a server
    /// that takes no writes.
    pub(super) fn takes_the_connection(self) -> bool {
        matches!(self, Outage::Unreachable | Outage::ReadOnly | Outage::OutcomeUnknown)
    }

    pub(super) fn because(self, detail: impl std::fmt::Display) -> DatabaseError {
        DatabaseError::Unavailable { outage: self, detail: detail.to_string() }
    }
}
