//! Plans, their items, their load, and what an operator sees first.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::appointment::AppointmentView;
use crate::api::campaign::SkippedCount;
use crate::api::problem::FindingView;
use crate::api::wave::GateView;
use crate::domain::plan::PlanState;
use crate::domain::said::Said;

/// What to plan.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPlan {
    /// Only these campaigns; every active one unless told.
    #[serde(default)]
    pub campaigns: Vec<String>,
    /// How many days ahead, 1 to 366; 30 unless told.
    pub horizon_days: Option<u32>,
    /// `fast`, `standard` (unless told) or `best`.
    pub effort: Option<String>,
    /// The same seed gives the same plan; 1 unless told.
    pub seed: Option<u64>,
    /// The search ends after so many seconds with the best found.
    pub time_limit_seconds: Option<f64>,
    /// Standing appointments may be moved where that places more; they stay unless told.
    #[serde(default)]
    pub replan: bool,
    /// Only this: its appointments may move, and everything else stays where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub only: Option<PlanSelection>,
}

/// What is planned of everything; 1 to 10,000 things.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanSelection {
    /// These appointments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub appointments: Vec<i64>,
    /// These terminals' appointments and open work, by serial number.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serials: Vec<String>,
    /// The same for every terminal of these sites, by code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sites: Vec<String>,
}

/// A plan and its report.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanView {
    /// Its number.
    pub id: i64,
    /// State.
    pub state: PlanState,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// When it was published.
    pub published_at: Option<DateTime<Utc>>,
    /// How far the search is, while `solving`.
    pub progress: Option<PlanProgress>,
    /// Somebody has cancelled the search: it ends with the best plan so far.
    #[serde(default)]
    pub stopping: bool,
    /// The report, once there is a draft.
    pub report: Option<PlanReport>,
    /// Why it failed.
    pub error: Option<String>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}

/// How far the search is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PlanProgress {
    /// What it does now, in a word: `reading`, `pricing`, `placing`, `repairing`, `improving`, `explaining`,
    /// `checking`, `writing`.
    pub phase: String,
    /// Terminals placed so far.
    pub placed: u64,
    /// Terminals to place.
    pub total: u64,
    /// Disruption of the plan so far.
    #[serde(default)]
    pub disruption: u64,
    /// What is proven so far of the least disruption; 0 while nothing is.
    #[serde(default)]
    pub disruption_lower: u64,
    /// How much of the work is done, as far as that can be told: 0 to 100, never falling.
    #[serde(default)]
    pub percent: u8,
}

/// What came out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PlanReport {
    /// First instant of the horizon.
    pub horizon_from: Option<DateTime<Utc>>,
    /// Its end.
    pub horizon_to: Option<DateTime<Utc>>,
    /// New work, one task a terminal.
    pub tasks: u64,
    /// Tasks placed.
    pub placed: u64,
    /// Weight placed.
    pub weight_placed: u64,
    /// Weight of all tasks.
    pub weight_total: u64,
    /// No plan can place more weight than this.
    pub weight_upper: u64,
    /// Disruption of what is placed.
    pub disruption: u64,
    /// No plan of equal weight has less.
    pub disruption_lower: u64,
    /// Standing appointments that it moves.
    pub moved: u64,
    /// No plan that keeps every rule and places at least as much weight moves fewer.
    #[serde(default)]
    pub moves_unavoidable: u64,
    /// Why they are moved.
    #[serde(default)]
    pub moves: Vec<MoveCount>,
    /// Standing appointments that it leaves alone.
    pub kept: u64,
    /// Site nights visited by new work.
    pub visits: u64,
    /// Merchants that will be mailed.
    pub merchants: u64,
    /// The most terminals down at once, and the fleet's budget then, if there is one.
    pub peak_down: u64,
    /// The time limit or a cancellation ended the search early: this is the best plan so far.
    #[serde(default)]
    pub cut_short: bool,
    /// Time of the search, in milliseconds.
    pub solve_ms: u64,
    /// sha256 of the problem file.
    pub problem_sha256: String,
    /// The checker's findings; none means verified.
    pub findings: Vec<FindingView>,
    /// Terminals without a place, by reason.
    pub unplaced: Vec<UnplacedCount>,
    /// What would place more, all of them together: "raise the budget of cell-17 from 2 to 3: 41 more".
    pub relaxations: Vec<String>,
    /// The same as data, one each, for whoever says them in another language.
    #[serde(default)]
    pub remedies: Vec<Remedy>,
    /// Terminals that need or get no appointment, by reason.
    pub skipped: Vec<SkippedCount>,
}

/// What would place more.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Remedy {
    /// The change.
    pub change: Said,
    /// At least so many terminals more have a place then.
    pub terminals: u64,
}

/// Standing appointments that a plan moves for one cause.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MoveCount {
    /// `window`, `dates`, `precedence`, `pinned`, `budget`, `made_room`.
    pub cause: String,
    /// The cause in words.
    pub explanation: String,
    /// How many.
    pub appointments: u64,
}

/// Terminals without a place for one reason.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct UnplacedCount {
    /// `no_opening`, `budget_full`, `site_rule`, `after_unplaced`, `pinned_conflict`.
    pub reason: String,
    /// How many.
    pub terminals: u64,
}

/// One task of a plan.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct PlanItem {
    /// Terminal.
    pub serial: String,
    /// Its site.
    pub site_code: String,
    /// Campaigns whose work is merged in it.
    pub campaigns: Vec<String>,
    /// Start, if placed.
    pub starts_at: Option<DateTime<Utc>>,
    /// End, if placed.
    pub ends_at: Option<DateTime<Utc>>,
    /// The site's zone.
    pub time_zone: String,
    /// The standing appointment that it moves.
    pub moves_appointment: Option<i64>,
    /// Why it has no place.
    pub unplaced: Option<Unplaced>,
}

/// Why a task has no place.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Unplaced {
    /// `no_opening`, `budget_full`, `site_rule`, `after_unplaced`, `pinned_conflict`.
    pub reason: String,
    /// Groups that are full.
    pub groups: Vec<String>,
    /// In words.
    pub message: String,
    /// The same as data, for whoever says it in another language.
    #[serde(default)]
    pub said: Option<Said>,
    /// The smallest change that would place it, in words.
    pub change: Option<String>,
    /// The same as data.
    #[serde(default)]
    pub change_said: Option<Said>,
}

/// What a plan would change of what stands now.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
pub struct PlanDiff {
    /// Appointments that it adds, the first thousand of them; the plan's items are all of them.
    pub added: Vec<PlanItem>,
    /// How many it adds.
    pub added_count: u64,
    /// Appointments that it moves, with where they stand now, the first thousand.
    pub moved: Vec<MovedItem>,
    /// How many it moves.
    pub moved_count: u64,
    /// Tasks without a place, the first thousand.
    pub unplaced: Vec<PlanItem>,
    /// How many have no place.
    pub unplaced_count: u64,
    /// Standing appointments that it leaves alone.
    pub kept: u64,
}

/// A move.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MovedItem {
    /// Where it goes.
    pub item: PlanItem,
    /// Where it stands now.
    pub from_starts_at: DateTime<Utc>,
}

/// Terminals down over time, a group a row.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Load {
    /// Start of the first slot.
    pub from: DateTime<Utc>,
    /// Length of a slot in minutes.
    pub slot_minutes: u32,
    /// Rows; the fleet first.
    pub groups: Vec<GroupLoad>,
    /// Per night: the peaks, for a picture in few lines.
    pub nights: Vec<NightLoad>,
}

/// One group's load.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct GroupLoad {
    /// As `fleet` or `region:north`.
    pub group: String,
    /// Terminals down in each slot.
    pub down: Vec<u32>,
    /// The budget in each slot, if the group has one.
    pub cap: Option<Vec<u32>>,
}

/// One night (UTC noon to noon) of the fleet.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct NightLoad {
    /// Date of the evening.
    pub night: chrono::NaiveDate,
    /// Appointments that start in it.
    pub appointments: u64,
    /// The most terminals of the fleet down at once.
    pub peak_down: u32,
    /// The fleet's budget at that time; `None` without one.
    pub fleet_cap: Option<u32>,
    /// The group that comes nearest to its budget.
    pub tightest_group: Option<String>,
    /// Its peak.
    pub tightest_down: u32,
    /// Its budget at that time.
    pub tightest_cap: u32,
}

/// What an operator sees first.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Tonight {
    /// When it was asked.
    pub now: DateTime<Utc>,
    /// Appointments that are open or running.
    pub running: Vec<AppointmentView>,
    /// The next ones, at most 50.
    pub next: Vec<AppointmentView>,
    /// Nights ahead.
    pub nights: Vec<NightLoad>,
    /// Gates at which campaigns stand, those that have paused theirs first; at most 20.
    #[serde(default)]
    pub gates: Vec<GateView>,
    /// Terminals that are locked.
    pub locked: i64,
    /// Notices by state.
    pub notices: std::collections::BTreeMap<String, i64>,
    /// The last published plan.
    pub published: Option<PlanView>,
}
