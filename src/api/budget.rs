//! Disruption budgets.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::budget::Limit;

/// A budget to add.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBudget {
    /// `fleet`, `region`, `host`, `carrier`, `cell`, `merchant`, `site`, `model` or `tag:NAME`.
    pub grouping: String,
    /// One group only; every group of the grouping unless told.
    pub value: Option<String>,
    /// `{"count": 40}` or `{"percent": 5}`.
    pub limit: Limit,
    /// A percentage never comes to less than this; 1 unless told.
    #[serde(default = "one")]
    pub min: u32,
    /// So many terminals always stay up.
    #[serde(default)]
    pub keep: u32,
    /// Local times of day between which it applies, as `08:00-20:00`; always unless told.
    pub hours: Option<String>,
}

fn one() -> u32 {
    1
}

/// A budget.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BudgetView {
    /// Its number.
    pub id: i64,
    /// What terminals are grouped by.
    pub grouping: String,
    /// One group only.
    pub value: Option<String>,
    /// The limit.
    pub limit: Limit,
    /// A percentage never comes to less than this.
    pub min: u32,
    /// So many terminals always stay up.
    pub keep: u32,
    /// Local times of day between which it applies.
    pub hours: Option<String>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default)]
    pub etag: String,
}
