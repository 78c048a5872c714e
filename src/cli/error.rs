//! What went wrong, in one shape: the kind alone decides the heading and the exit code; the detail says what is
//! wrong, the hints say what to do next.

use crate::api::problem::Problem;

/// The kinds of failure, and the only place that knows their exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// A finding of the checker, an illegal time, bad rows in an import.
    Refused,
    /// The command line, or a value on it, is wrong.
    Usage,
    /// What was named does not exist.
    NotFound,
    /// It cannot be done in the state that things are in.
    Conflict,
    /// The server or the database cannot be reached.
    Unavailable,
    /// A defect of Offpeak.
    Internal,
    /// To a mail server: it is no message, and goes back to who wrote it.
    NotTaken,
    /// To a mail server: not now; it keeps the message and comes again.
    NotNow,
    /// Whoever read the output has gone: nothing to say, nobody to say it to.
    OutputClosed,
}

impl ErrorKind {
    /// Every kind that a person can meet.
    pub const ALL: [ErrorKind; 6] = [
        ErrorKind::Refused,
        ErrorKind::Usage,
        ErrorKind::NotFound,
        ErrorKind::Conflict,
        ErrorKind::Unavailable,
        ErrorKind::Internal,
    ];

    /// The exit code of the process.
    pub const fn exit_code(self) -> u8 {
        match self {
            ErrorKind::OutputClosed => 0,
            ErrorKind::Refused => 1,
            ErrorKind::Usage => 2,
            ErrorKind::NotFound => 3,
            ErrorKind::Conflict => 4,
            ErrorKind::Unavailable => 5,
            ErrorKind::Internal => 70,
            // EX_DATAERR and EX_TEMPFAIL of sysexits.h.
            ErrorKind::NotTaken => 65,
            ErrorKind::NotNow => 75,
        }
    }

    /// The words before the detail.
    pub const fn heading(self) -> &'static str {
        match self {
            ErrorKind::Refused => "Refused",
            ErrorKind::Usage => "Not valid",
            ErrorKind::NotFound => "Not found",
            ErrorKind::Conflict => "Conflict",
            ErrorKind::Unavailable => "Not available",
            ErrorKind::Internal => "Internal error",
            ErrorKind::NotTaken => "Not taken",
            ErrorKind::NotNow => "Not now",
            ErrorKind::OutputClosed => "",
        }
    }

    /// What the exit code means, as `--help` prints it.
    pub const fn meaning(self) -> &'static str {
        match self {
            ErrorKind::Refused => {
                "a finding or a refusal: the checker found something, a time is illegal, a row is bad"
            }
            ErrorKind::Usage => "the command line, or a value on it, is wrong",
            ErrorKind::NotFound => "what was named does not exist",
            ErrorKind::Conflict => "it cannot be done in the state that things are in",
            ErrorKind::Unavailable => "the server or the database cannot be reached",
            ErrorKind::Internal => "a defect of Offpeak",
            ErrorKind::NotTaken | ErrorKind::NotNow | ErrorKind::OutputClosed => "",
        }
    }
}

/// A failure on its way to the terminal.
#[derive(Clone, Debug)]
pub struct CliError {
    /// What kind.
    pub kind: ErrorKind,
    /// What is wrong.
    pub detail: String,
    /// What to do about it, a line each.
    pub hints: Vec<String>,
    /// The API's own account of it, with rows, refusals and findings.
    pub problem: Option<Box<Problem>>,
}

impl CliError {
    /// A failure of this kind.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        CliError { kind, detail: detail.into(), hints: Vec::new(), problem: None }
    }

    /// The command line is wrong.
    pub fn usage(detail: impl Into<String>) -> Self {
        CliError::new(ErrorKind::Usage, detail)
    }

    /// A defect.
    pub fn internal(detail: impl Into<String>) -> Self {
        CliError::new(ErrorKind::Internal, detail)
    }

    /// A file that cannot be read or written. A missing one is "not found".
    pub fn file(action: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => ErrorKind::NotFound,
            _ => ErrorKind::Usage,
        };
        CliError::new(kind, format!("cannot {action} {}: {error}", path.display()))
    }

    /// The same failure with one more thing to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// What the API's problem document means here.
    pub fn from_problem(problem: Problem) -> Self {
        let refused =
            !problem.rows.is_empty() || !problem.refusals.is_empty() || !problem.findings.is_empty();
        let kind = match problem.status {
            _ if refused => ErrorKind::Refused,
            400 | 401 | 403 | 405 | 413 | 415 | 422 => ErrorKind::Usage,
            404 => ErrorKind::NotFound,
            409 | 412 | 423 => ErrorKind::Conflict,
            429 | 502 | 503 | 504 => ErrorKind::Unavailable,
            _ => ErrorKind::Internal,
        };
        let detail = if problem.detail.is_empty() { problem.title.clone() } else { problem.detail.clone() };
        let mut error = CliError::new(kind, detail);
        if matches!(problem.status, 401 | 403) {
            error = error.hint("Give the token of the server with --token, or in OFFPEAK_TOKEN.");
        }
        error.problem = Some(Box::new(problem));
        error
    }
}

impl std::fmt::Display for CliError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}: {}", self.kind.heading(), self.detail)
    }
}

impl std::error::Error for CliError {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::problem::{FindingView, RowProblem};

    fn kind_of(status: u16) -> ErrorKind {
        CliError::from_problem(Problem { status, ..Problem::default() }).kind
    }

    #[test]
    fn a_status_becomes_a_kind() {
        let expected = [
            (400, ErrorKind::Usage),
            (401, ErrorKind::Usage),
            (404, ErrorKind::NotFound),
            (409, ErrorKind::Conflict),
            (422, ErrorKind::Usage),
            (500, ErrorKind::Internal),
            (503, ErrorKind::Unavailable),
        ];
        for (status, kind) in expected {
            assert_eq!(kind_of(status), kind, "{status}");
        }
    }

    #[test]
    fn findings_and_bad_rows_are_refusals_whatever_the_status() {
        let finding = FindingView {
            code: "budget".into(),
            task: None,
            group: None,
            at: None,
            message: "two too many".into(),
        };
        let problem = Problem { status: 409, findings: vec![finding], ..Problem::default() };
        assert_eq!(CliError::from_problem(problem).kind, ErrorKind::Refused);
        let row = RowProblem {
            file: "sites.csv".into(),
            line: 3,
            column: None,
            value: None,
            message: "short".into(),
            remedy: "add the missing columns".into(),
        };
        let problem = Problem { status: 422, rows: vec![row], ..Problem::default() };
        assert_eq!(CliError::from_problem(problem).kind, ErrorKind::Refused);
    }

    #[test]
    fn exit_codes_are_what_the_manual_says() {
        assert_eq!(ErrorKind::ALL.map(ErrorKind::exit_code), [1, 2, 3, 4, 5, 70]);
    }
}
