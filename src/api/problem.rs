//! RFC 9457 problem documents: what every error of the API looks like.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::approval::ApprovalView;
use crate::domain::said::Said;

/// An error, as `application/problem+json`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A URI reference that names the kind of the problem: `/problems/<code>`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong here, and what to do about it.
    pub detail: String,
    /// The kind as one stable word: `not_found`, `invalid`, `conflict`, `refused`, …
    pub code: String,
    /// Bad rows of imported files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<RowProblem>,
    /// Rules that a proposed time breaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// Findings of the checker.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingView>,
    /// The request that waits for a second person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Box<ApprovalView>>,
    /// What is wrong with which field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem>,
    /// The thing as it is now, where somebody else has changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub current: Option<serde_json::Value>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// Of several things that were to be changed together, each that cannot be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<ItemProblem>,
}

/// What is wrong with one field of what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// The field, as the API names it.
    pub field: String,
    /// What is wrong with it, and what to do.
    pub message: String,
}

/// Why one of several things cannot be changed.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct ItemProblem {
    /// Its number.
    pub id: i64,
    /// The kind of the problem, as a problem document has it.
    pub code: String,
    /// What is wrong here, and what to do about it.
    pub detail: String,
    /// Rules that the proposed time breaks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
    /// The thing as it is now, where somebody else has changed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub current: Option<serde_json::Value>,
    /// Its version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
}

/// One bad value of an imported file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RowProblem {
    /// The file's name as it was given.
    pub file: String,
    /// Line of the file, from 1; 0 concerns the file as a whole.
    pub line: u64,
    /// The column, if one can be named.
    pub column: Option<String>,
    /// The value that was found there.
    pub value: Option<String>,
    /// What is wrong with it.
    pub message: String,
    /// What to do.
    pub remedy: String,
}

/// A rule that a proposed time breaks, and the nearest time that breaks none.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// Terminal concerned.
    pub serial: String,
    /// The rule: `window`, `cutoff`, `blackout`, `site_rule`, `budget`, `notice_lead`, `overlap`, `deadline`, `release`, `no_contact`.
    pub rule: String,
    /// What exactly it says no to.
    pub message: String,
    /// The same as data, for whoever says it in another language.
    #[serde(default)]
    pub said: Option<Said>,
    /// The legal start nearest to the one asked for, if there is one within the horizon.
    pub nearest_legal_at: Option<DateTime<Utc>>,
    /// The same in the site's zone, as `2026-11-25 02:00 (Asia/Shanghai, UTC+08:00)`.
    pub nearest_legal_local: Option<String>,
}

/// A finding of the independent checker.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct FindingView {
    /// Violation code.
    pub code: String,
    /// Task, as in the problem file.
    pub task: Option<String>,
    /// Group, as in the problem file.
    pub group: Option<String>,
    /// When.
    pub at: Option<DateTime<Utc>>,
    /// The whole finding in words.
    pub message: String,
}
