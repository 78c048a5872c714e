//! What can be wrong with a problem.

use std::io;

/// Why a problem was refused. Each names the place in the document and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ProblemError {
    /// The bytes could not be read.
    #[error("the problem could not be read: {0}; give a whole file, as it is or gzipped")]
    Io(#[source] io::Error),
    /// It is no JSON, or not of the expected shape.
    #[error(
        "{path}: {message} (line {line}, column {column}); give a file that `offpeak problem export` wrote, or see docs/planning.md"
    )]
    Shape {
        /// Where in the document, as in `tasks[17].calendar`.
        path: String,
        /// What is wrong.
        message: String,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// A value breaks a rule.
    #[error("{path}: {message}; {remedy}")]
    Value {
        /// Where in the document, as in `tasks[17].calendar`.
        path: String,
        /// What is wrong.
        message: String,
        /// What to do about it.
        remedy: String,
    },
}

impl ProblemError {
    pub(super) fn value(
        path: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> ProblemError {
        ProblemError::Value { path: path.into(), message: message.into(), remedy: remedy.into() }
    }
}
