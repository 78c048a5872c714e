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
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}

/// What a budget would mean.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BudgetPreview {
    /// How many groups it limits.
    pub groups_in_all: u64,
    /// Active terminals in them.
    pub terminals: u64,
    /// Groups in which no terminal could ever be down: nothing could be planned there.
    pub stuck: u64,
    /// Groups in which all may be down at once: it limits nothing there.
    pub without_effect: u64,
    /// The largest of them, 12 at most.
    pub groups: Vec<BudgetGroup>,
}

/// A group of a budget.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BudgetGroup {
    /// The group, as `region:north`.
    pub group: String,
    /// Its active terminals.
    pub terminals: u32,
    /// At most so many may be down at once.
    pub at_most: u32,
}
