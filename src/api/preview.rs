//! What a campaign would be, before it is made.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::campaign::SkippedCount;
use crate::api::plan::{Remedy, UnplacedCount};

/// What a campaign would be if it were made and planned now. Nothing is stored.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CampaignPreview {
    /// Terminals that the selector picks.
    pub selected: u64,
    /// Of these, terminals that need an appointment.
    pub to_plan: u64,
    /// Of these, terminals that get none, by reason.
    pub skipped: Vec<SkippedCount>,
    /// Terminals that find a place.
    pub placed: u64,
    /// How far ahead it was planned: to the deadline, or as far as is looked.
    pub planned_to: DateTime<Utc>,
    /// The first start.
    pub starts_at: Option<DateTime<Utc>>,
    /// The last end: the earliest finish that a quick plan finds.
    pub finishes_at: Option<DateTime<Utc>>,
    /// By region.
    pub regions: Vec<RegionPreview>,
    /// Its waves.
    pub waves: Vec<WavePreview>,
    /// Visits: a site's work of one night.
    pub visits: u64,
    /// Merchants who would be mailed.
    pub merchants: u64,
    /// Terminals down at once at most, whatever else stands included.
    pub peak_down: u32,
    /// What the fleet's budget allows at that moment.
    pub fleet_cap: Option<u32>,
    /// The group that comes nearest to its budget.
    pub tightest: Option<TightestGroup>,
    /// Terminals without a place, by reason.
    pub unplaced: Vec<UnplacedCount>,
    /// What would make more of them fit, the most useful first.
    pub relaxations: Vec<String>,
    /// The same as data, one each, for whoever says them in another language.
    #[serde(default)]
    pub remedies: Vec<Remedy>,
    /// It took too long to be looked at to its end; a plan may be better.
    pub cut_short: bool,
}

/// A region's part of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RegionPreview {
    /// The region.
    pub region: String,
    /// Terminals that need an appointment.
    pub terminals: u64,
    /// Of these, terminals that find a place.
    pub placed: u64,
}

/// A wave of a campaign.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WavePreview {
    /// From 1.
    pub number: u32,
    /// As it was asked for.
    pub share: String,
    /// Terminals in it.
    pub terminals: u64,
    /// Of these, terminals that find a place.
    pub placed: u64,
    /// Its first start.
    pub starts_at: Option<DateTime<Utc>>,
    /// Its last end.
    pub ends_at: Option<DateTime<Utc>>,
}

/// A group near its budget.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TightestGroup {
    /// The group, as `region:north`.
    pub group: String,
    /// The night.
    pub night: NaiveDate,
    /// Terminals down at once.
    pub down: u32,
    /// What its budget allows then.
    pub cap: u32,
}
