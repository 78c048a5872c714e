//! Locks.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::lock::LockState;

/// A lock to report.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewLock {
    /// Terminal.
    pub serial: String,
    /// What is known of the cause.
    pub cause: String,
}

/// A lock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct LockView {
    /// Its number.
    pub id: i64,
    /// State.
    pub state: LockState,
    /// Terminal.
    pub serial: String,
    /// Its site.
    pub site_code: String,
    /// What is known of the cause.
    pub cause: String,
    /// When it was reported.
    pub opened_at: DateTime<Utc>,
    /// By whom.
    pub opened_by: String,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
}

/// A step in a lock's life.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LockChange {
    /// The next state.
    pub state: LockState,
    /// In the words of who reports it.
    pub reason: Option<String>,
}
