//! What a use case can answer instead of a result. The HTTP edge picks the status, the CLI the exit code.

use crate::api::problem::{FindingView, Refusal, RowProblem};
use crate::db::DatabaseError;

/// Why a use case did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The thing asked for is not there.
    #[error("there is no {what} `{key}`; {remedy}")]
    NotFound {
        /// `campaign`, `terminal`, …
        what: &'static str,
        /// The key that was given.
        key: String,
        /// Where to look.
        remedy: &'static str,
    },
    /// A value cannot be.
    #[error("{field}: {message}")]
    Invalid {
        /// The field, as the API names it.
        field: &'static str,
        /// What is wrong, with the remedy.
        message: String,
    },
    /// The state of things does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// Rules forbid it; each is named.
    #[error("{} of the rules forbid it", .0.len())]
    Refused(Vec<Refusal>),
    /// Imported files have bad rows.
    #[error("{count} bad values; nothing was changed")]
    BadRows {
        /// The first of them.
        rows: Vec<RowProblem>,
        /// How many there are.
        count: u64,
    },
    /// The checker found something wrong with a plan.
    #[error("the plan breaks {} rules as things stand now; nothing was published", .0.len())]
    Unverified(Vec<FindingView>),
    /// The database as a whole.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A query.
    #[error("the database refused: {0}")]
    Query(#[from] diesel::result::Error),
    /// What the database holds cannot be read back; somebody else wrote it.
    #[error("{0}")]
    Corrupt(String),
}

impl Error {
    /// An [`Error::Invalid`].
    pub fn invalid(field: &'static str, message: impl std::fmt::Display) -> Self {
        Error::Invalid { field, message: message.to_string() }
    }
}
