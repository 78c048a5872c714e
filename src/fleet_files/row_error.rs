//! What is wrong with a row, where, and what to do about it.

use std::fmt;

use serde::Serialize;

use super::Origin;

/// How many errors are kept for display; the others are counted.
pub const ERRORS_KEPT_MAX: usize = 1000;

/// Longest piece of a bad value that is kept, in characters.
const VALUE_CHARS_MAX: usize = 80;

/// One mistake in a file: `sites.csv:17: column time_zone: "Asia/Shangai": not an IANA time zone; did you mean
/// Asia/Shanghai?`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct RowError {
    /// The file's name.
    pub file: String,
    /// The line that the record starts on, counted from 1; `None` when it is the file as a whole.
    pub line: Option<u64>,
    /// The column or JSON field.
    pub column: Option<String>,
    /// The value as it stands there, cut to 80 characters.
    pub value: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl RowError {
    pub(super) fn of_file(file: &str, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        RowError {
            file: file.to_owned(),
            line: None,
            column: None,
            value: None,
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    pub(super) fn of_row(origin: &Origin, message: impl Into<String>, remedy: impl Into<String>) -> Self {
        RowError { line: Some(origin.line), ..RowError::of_file(&origin.file, message, remedy) }
    }

    /// A mistake in one cell, also for checks that only the caller can make.
    pub fn of_cell(
        origin: &Origin,
        column: &str,
        value: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        let mut shown: String = value.chars().take(VALUE_CHARS_MAX).collect();
        if shown.len() < value.len() {
            shown.push('…');
        }
        RowError {
            column: Some(column.to_owned()),
            value: Some(shown),
            ..RowError::of_row(origin, message, remedy)
        }
    }

    /// A site whose merchant is neither in the files nor known already.
    pub fn unknown_merchant(origin: &Origin, number: &str) -> Self {
        RowError::of_cell(
            origin,
            "merchant_number",
            number,
            "no merchant has this number",
            "import the merchant first or in the same call, or correct the number",
        )
    }

    /// A terminal whose site is neither in the files nor known already.
    pub fn unknown_site(origin: &Origin, code: &str) -> Self {
        RowError::of_cell(
            origin,
            "site_code",
            code,
            "no site has this code",
            "import the site first or in the same call, or correct the code",
        )
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(formatter, ":{line}")?;
        }
        if let Some(column) = &self.column {
            write!(formatter, ": column {column}")?;
        }
        if let Some(value) = &self.value {
            write!(formatter, ": {value:?}")?;
        }
        write!(formatter, ": {}; {}", self.message, self.remedy)
    }
}

/// Every mistake of an import: the first [`ERRORS_KEPT_MAX`] themselves, and how many there are. Its `Display` is
/// one line a mistake.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[must_use]
pub struct RowErrors {
    /// The first mistakes, in the order of the files and their lines.
    pub errors: Vec<RowError>,
    /// All mistakes, kept or not.
    pub total: u64,
}

impl RowErrors {
    /// Counts a mistake, and keeps it while there is room.
    pub fn push(&mut self, error: RowError) {
        self.total += 1;
        if self.has_room() {
            self.errors.push(error);
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.errors.len() < ERRORS_KEPT_MAX
    }

    /// `Ok` when there is no mistake.
    pub fn into_result(self) -> Result<(), RowErrors> {
        if self.total == 0 { Ok(()) } else { Err(self) }
    }
}

impl std::error::Error for RowErrors {}

impl fmt::Display for RowErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.errors.iter().enumerate() {
            let line_break = if index == 0 { "" } else { "\n" };
            write!(formatter, "{line_break}{error}")?;
        }
        match self.total - self.errors.len() as u64 {
            0 => Ok(()),
            more => write!(formatter, "\n… and {more} more"),
        }
    }
}
