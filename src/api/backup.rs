//! Backups of a SQLite database: what was written or put back, and what is in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A backup that was written and verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupReport {
    /// Where it is.
    pub file: String,
    /// Its size.
    pub bytes: u64,
    /// The latest version of its schema.
    pub schema: String,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
    /// Time that it took, in milliseconds.
    pub elapsed_ms: u64,
}

/// A backup that was put in the database's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreReport {
    /// The database.
    pub database: String,
    /// Where the database of before is now; none if there was none.
    pub kept: Option<String>,
    /// The latest version of its schema.
    pub schema: String,
    /// Rows by table.
    pub rows: BTreeMap<String, u64>,
}
