//! Requests for approval.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::approval::ApprovalState;
use crate::domain::said::Said;

/// What somebody has asked for, and what a second person said to it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ApprovalView {
    /// Its number.
    pub id: i64,
    /// What is to be done, as `plan.publish`.
    pub action: String,
    /// To what, as `plan 3`.
    pub subject: String,
    /// The whole in words.
    pub words: String,
    /// The same as data, for whoever says it in another language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Said>,
    /// Exactly what is carried out.
    pub request: serde_json::Value,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// How it stands.
    pub state: ApprovalState,
    /// Who asked.
    pub asked_by: String,
    /// When.
    pub asked_at: DateTime<Utc>,
    /// Until when it can be answered.
    pub expires_at: DateTime<Utc>,
    /// Who said yes or no.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why, in the words of who said it.
    pub decision: Option<String>,
    /// Why it could not be carried out.
    pub outcome: Option<String>,
    /// Digest of the request and of what it refers to, as both were when it was asked for.
    pub digest: String,
}

/// Which requests.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ApprovalQuery {
    /// Only in this state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// Rows on the page, 1 to 1000; 100 unless told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<i64>,
    /// The `next` of the page before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}
