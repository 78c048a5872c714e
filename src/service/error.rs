//! What a use case can answer instead of a result. The HTTP edge picks the status, the CLI the exit code.

use crate::api::problem::{FieldProblem, FindingView, Refusal, RowProblem};
use crate::db::{DatabaseError, Failure};
use crate::domain::link::LinkError;

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
    /// Several values cannot be; each is named.
    #[error("{}", .0.iter().map(|problem| format!("{}: {}", problem.field, problem.message)).collect::<Vec<_>>().join("; "))]
    Fields(Vec<FieldProblem>),
    /// The state of things does not allow it.
    #[error("{0}")]
    Conflict(String),
    /// Whoever asks may not.
    #[error("{0}")]
    Forbidden(String),
    /// Somebody else has changed it since whoever asks has seen it; nothing was written.
    #[error("{title} has been changed meanwhile; look at it as it is now, and decide again")]
    Changed {
        /// What people call it.
        title: String,
        /// Its version now.
        etag: String,
        /// As it is now.
        current: Box<serde_json::Value>,
    },
    /// Another replica does it by now; nothing was written.
    #[error(
        "the lease `{lease}` has gone to another replica since it had token {token}; nothing was written"
    )]
    Fenced {
        /// The lease.
        lease: &'static str,
        /// The token that has been overtaken.
        token: i64,
    },
    /// Rules forbid it; each is named.
    #[error("{}", count_of(.0.len(), "rule forbids it", "rules forbid it"))]
    Refused(Vec<Refusal>),
    /// Some of several edits may not be, so none was made: the appointment, and why.
    #[error("{}; none was changed", count_of(.0.len(), "appointment cannot be changed so", "appointments cannot be changed so"))]
    Batch(Vec<(i64, Error)>),
    /// Imported files have bad rows.
    #[error("{}; nothing was changed", count_of(usize::try_from(*count).unwrap_or(usize::MAX), "bad value", "bad values"))]
    BadRows {
        /// The first of them.
        rows: Vec<RowProblem>,
        /// How many there are.
        count: u64,
    },
    /// The checker found something wrong with a plan.
    #[error("the plan breaks {} as things stand now; nothing was published", count_of(.0.len(), "rule", "rules"))]
    Unverified(Vec<FindingView>),
    /// A merchant's link.
    #[error("{0}; use the link in the latest mail, or call the help desk")]
    Link(#[from] LinkError),
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

fn count_of(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

impl Error {
    /// Somebody else made the same thing at the same moment, and was first.
    pub fn is_collision(&self) -> bool {
        use diesel::result::{DatabaseErrorKind, Error as Refusal};
        matches!(self, Error::Query(Refusal::DatabaseError(DatabaseErrorKind::UniqueViolation, _)))
    }

    /// An [`Error::Invalid`].
    pub fn invalid(field: &'static str, message: impl std::fmt::Display) -> Self {
        Error::Invalid { field, message: message.to_string() }
    }
}

impl Failure for Error {
    fn query_error(&self) -> Option<&diesel::result::Error> {
        match self {
            Error::Query(error) => Some(error),
            Error::Database(error) => error.query_error(),
            _ => None,
        }
    }
}
