//! The three kinds of file and their columns.

use crate::domain::spelling::nearest;

/// What the rows of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// Merchants.
    Merchants,
    /// Sites.
    Sites,
    /// Terminals.
    Terminals,
}

/// A column of a CSV file, which is also a field of a JSON Lines object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there and filled.
    pub required: bool,
}

const fn required(name: &'static str) -> Column {
    Column { name, required: true }
}

const fn optional(name: &'static str) -> Column {
    Column { name, required: false }
}

const MERCHANT_COLUMNS: &[Column] = &[
    required("number"),
    required("name"),
    optional("locale"),
    optional("email"),
    optional("phone"),
    optional("tags"),
];

const SITE_COLUMNS: &[Column] = &[
    required("code"),
    required("merchant_number"),
    required("name"),
    required("region"),
    optional("address"),
    required("time_zone"),
    required("opening_hours"),
    optional("traffic_profile"),
    optional("tags"),
];

const TERMINAL_COLUMNS: &[Column] = &[
    required("serial"),
    required("site_code"),
    required("tid"),
    required("mid"),
    optional("label"),
    required("model"),
    required("firmware"),
    required("acquirer_host"),
    optional("carrier"),
    optional("cell"),
    optional("servicer"),
    optional("volume"),
    optional("retired"),
    optional("tags"),
];

impl FileKind {
    /// Every kind, in the order in which rows refer to each other.
    pub const ALL: [FileKind; 3] = [FileKind::Merchants, FileKind::Sites, FileKind::Terminals];

    /// The usual file name without its ending: `merchants`, `sites`, `terminals`.
    pub const fn as_str(self) -> &'static str {
        match self {
            FileKind::Merchants => "merchants",
            FileKind::Sites => "sites",
            FileKind::Terminals => "terminals",
        }
    }

    /// The `type` of a JSON Lines object: `merchant`, `site`, `terminal`.
    pub const fn type_word(self) -> &'static str {
        match self {
            FileKind::Merchants => "merchant",
            FileKind::Sites => "site",
            FileKind::Terminals => "terminal",
        }
    }

    /// The columns in the order in which they are written. The first is the natural key.
    pub const fn columns(self) -> &'static [Column] {
        match self {
            FileKind::Merchants => MERCHANT_COLUMNS,
            FileKind::Sites => SITE_COLUMNS,
            FileKind::Terminals => TERMINAL_COLUMNS,
        }
    }

    pub(super) fn column_index(self, name: &str) -> Option<usize> {
        self.columns().iter().position(|column| column.name == name)
    }

    /// The kind that a header fits best, `None` if it fits none or several alike. A natural key decides more than
    /// a column that several kinds have.
    pub(super) fn of_header(names: &[String]) -> Option<FileKind> {
        let scores = FileKind::ALL.map(|kind| {
            let fits = |name: &String| match kind.column_index(name) {
                Some(0) => 2,
                Some(_) => 1,
                None => 0,
            };
            (names.iter().map(fits).sum::<usize>(), kind)
        });
        let best = scores.iter().map(|(score, _)| *score).max().filter(|score| *score > 0)?;
        let mut fitting = scores.iter().filter(|(score, _)| *score == best);
        fitting.next().filter(|_| fitting.next().is_none()).map(|(_, kind)| *kind)
    }

    /// What to do about a column that there is not.
    pub(super) fn unknown_column_remedy(self, name: &str) -> String {
        let names = self.columns().iter().map(|column| column.name);
        let known = format!("the columns of {} are {}", self.as_str(), self.column_list());
        match nearest(name, names) {
            Some(near) => format!("did you mean {near}? {known}"),
            None => known,
        }
    }

    pub(super) fn column_list(self) -> String {
        let names: Vec<_> = self.columns().iter().map(|column| column.name).collect();
        names.join(",")
    }
}
