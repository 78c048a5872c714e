//! The versions of the database's schema, and what goes with one that is taken back.

use serde::{Deserialize, Serialize};

/// How a version stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VersionState {
    /// The database has it.
    Applied,
    /// This binary carries it, the database lacks it.
    Pending,
    /// The database has it from a newer release; it only adds to what this binary knows.
    Unknown,
    /// The database has it from a newer release, and this binary cannot work with it.
    TooNew,
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaVersion {
    /// As the database keeps it: `20261123000000`.
    pub version: String,
    /// What it is called, if this binary carries it.
    pub name: Option<String>,
    /// How it stands.
    pub state: VersionState,
}

/// The schema of a database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaStatus {
    /// Every version that either side knows, the oldest first.
    pub versions: Vec<SchemaVersion>,
}

impl SchemaStatus {
    /// How many versions are in this state.
    pub fn count(&self, state: VersionState) -> usize {
        self.versions.iter().filter(|version| version.state == state).count()
    }
}

/// Data that goes when a version is taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaLoss {
    /// The version that goes.
    pub version: String,
    /// The table.
    pub table: String,
    /// The column; none if the whole table goes.
    pub column: Option<String>,
    /// Rows of the table, or values of the column, that are there now.
    pub rows: i64,
}

/// What taking versions back does, or did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaWayBack {
    /// The versions, the latest first.
    pub versions: Vec<String>,
    /// What is lost with them.
    pub losses: Vec<SchemaLoss>,
}
