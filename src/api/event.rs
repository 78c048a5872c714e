//! What has happened, as it is told to whoever listens.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something has happened: a reason to look again, not a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// Its number on the audit trail; none for what is not on the trail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// `plan`, `appointment`, `lock`, `campaign`, … as the audit trail has it; `notice` when mails were sent;
    /// `resync` when events were lost: read again whatever you show.
    pub kind: String,
    /// Which one: a number or a name. Empty where no single one is meant.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub id: String,
    /// What was done, as `appointment.move`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub action: String,
    /// The state that it is in since then, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}
