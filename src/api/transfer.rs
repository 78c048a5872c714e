//! Copies of a whole database: what was copied, and how it was checked.

use serde::{Deserialize, Serialize};

/// A table that is the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopiedTable {
    /// Its name.
    pub table: String,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 over every column of every row in the order of the key; equal contents have equal digests on both
    /// kinds of database.
    pub sha256: String,
}

/// A copy that was made and checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyReport {
    /// Every table.
    pub tables: Vec<CopiedTable>,
    /// Time that the copy took, in milliseconds.
    pub copy_ms: u64,
    /// Time that reading both sides back took, in milliseconds.
    pub check_ms: u64,
}

impl CopyReport {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }
}
