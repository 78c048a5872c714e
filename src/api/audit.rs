//! The audit trail: which entries, and whether it is whole.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which entries.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AuditQuery {
    /// Only by this actor, as the trail shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Only this action, as `appointment.move`, or all of a kind, as `appointment`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// Only about this, as `appointment 17`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Only where action, subject, actor or reason contains this. A page looks through so many entries and no more: it
    /// may hold few, or none, and `next` goes on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub q: Option<String>,
    /// Only from then on, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// Only before then, in RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<DateTime<Utc>>,
    /// Rows on the page, 1 to 1000; 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// Whether the trail is whole.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AuditVerdict {
    /// Whether nothing was found.
    pub whole: bool,
    /// Entries in the chain.
    pub entries: u64,
    /// Entries from before there was a chain, which its first entry covers.
    pub before_chain: u64,
    /// The last entry: keep it elsewhere, and give it to a later verification.
    pub head: AuditHead,
    /// What was found; the first hundred.
    pub findings: Vec<AuditFinding>,
}

/// An entry of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditHead {
    /// Its place, from 1; 0 while there is none.
    pub position: i64,
    /// Its digest.
    pub hash: String,
}

/// Something wrong with the trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AuditFinding {
    /// `changed`, `removed` or `inserted`.
    pub kind: String,
    /// The place in the chain, where it has one.
    pub position: Option<i64>,
    /// The entry's number, where there is one.
    pub id: Option<i64>,
    /// What is wrong, in words.
    pub message: String,
}
