//! Appointments and ad-hoc maintenance.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::appointment::AppointmentState;
use crate::domain::said::Said;

/// An appointment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct AppointmentView {
    /// Its number.
    pub id: i64,
    /// State.
    pub state: AppointmentState,
    /// How often it was moved.
    pub revision: i32,
    /// Terminal.
    pub serial: String,
    /// What the merchant calls it.
    pub label: String,
    /// Its site.
    pub site_code: String,
    /// The site's region.
    pub region: String,
    /// Merchant number.
    pub merchant_number: String,
    /// Merchant's name.
    pub merchant_name: String,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// The site's zone.
    pub time_zone: String,
    /// Start in the site's zone, as `2026-11-25 02:00 (UTC+08:00)`.
    pub local_start: String,
    /// What is done: campaign names or the reason of ad-hoc work.
    pub work: Vec<String>,
    /// It did not wait for the notice lead.
    pub emergency: bool,
    /// When the merchant's mail server accepted the announcement of this revision.
    pub announced_at: Option<DateTime<Utc>>,
    /// Why it was moved, cancelled, held or done out of turn; or the outcome's note.
    pub note: Option<String>,
    /// Plans leave it where it is.
    #[serde(default)]
    pub pinned: bool,
    /// Where it stood before the move that this answers; a move back there undoes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousPlace>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}

/// Where an appointment stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PreviousPlace {
    /// Its revision there.
    pub revision: i32,
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// Start in the site's zone.
    pub local_start: String,
}

/// Which appointments.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct AppointmentQuery {
    /// Only in this state; several separated by commas.
    pub state: Option<String>,
    /// Only of this terminal.
    pub serial: Option<String>,
    /// Only at this site.
    pub site: Option<String>,
    /// Only of this campaign.
    pub campaign: Option<String>,
    /// Only of terminals in this group: `region:north`, `site:S-17`, `host:…`, `carrier:…`, `cell:…`, `model:…`.
    pub group: Option<String>,
    /// Only ending after.
    pub from: Option<DateTime<Utc>>,
    /// Only starting before.
    pub to: Option<DateTime<Utc>>,
    /// Rows on the page, 1 to 1000; 100 unless told.
    pub limit: Option<i64>,
    /// The `next` of the page before.
    pub after: Option<String>,
}

/// Where to move an appointment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveRequest {
    /// `tonight 02:00`, `2026-12-01 02:00`, … in the site's zone, or RFC 3339.
    pub at: String,
    /// Why; the merchant reads it.
    pub reason: Option<String>,
    /// Only say whether it is legal.
    #[serde(default)]
    pub dry_run: bool,
}

/// Several appointments to edit at once: all of them, or none.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// What is done to each.
    pub action: BatchAction,
    /// Which, 1 to 1000.
    pub items: Vec<BatchItem>,
    /// Why; merchants read it.
    pub reason: Option<String>,
    /// Only say whether all of it is possible.
    #[serde(default)]
    pub dry_run: bool,
}

/// What is done to appointments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum BatchAction {
    /// They get another time.
    Move,
    /// They are called off.
    Cancel,
    /// Plans leave them where they are.
    Pin,
    /// Plans may move them again.
    Unpin,
}

/// One of several appointments.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchItem {
    /// Its number.
    pub id: i64,
    /// Where a move leads: `tonight 02:00`, `2026-12-01 02:00`, … in the site's zone, or RFC 3339.
    pub at: Option<String>,
    /// Instead: by how many minutes it is moved, negative to an earlier time.
    pub shift_minutes: Option<i64>,
    /// The version that whoever edits it has seen; any, unless told.
    pub etag: Option<String>,
}

/// Appointments after an edit.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BatchResult {
    /// Each, in the order in which they were named.
    pub appointments: Vec<AppointmentView>,
    /// It was a dry run.
    pub dry_run: bool,
}

/// Between when an appointment might start.
#[derive(Clone, Debug, Default, Serialize, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct StartsQuery {
    /// From; now unless told.
    pub from: Option<DateTime<Utc>>,
    /// To, not included; a day after `from` unless told, at most 31.
    pub to: Option<DateTime<Utc>>,
}

/// When an appointment may start.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StartsView {
    /// Its number.
    pub appointment: i64,
    /// Where it stands now.
    pub starts_at: DateTime<Utc>,
    /// The site's zone.
    pub time_zone: String,
    /// Length of a slot in minutes.
    pub slot_minutes: u32,
    /// The slots of the range, those with the same answer together.
    pub runs: Vec<StartRun>,
}

/// Slots one after the other for which the same holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct StartRun {
    /// The first slot's start.
    pub from: DateTime<Utc>,
    /// The last slot's end.
    pub to: DateTime<Utc>,
    /// The appointment may start at each of them.
    pub legal: bool,
    /// Otherwise: what forbids it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleSaid>,
}

/// A rule that forbids a time.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct RuleSaid {
    /// The rule, as a refusal names it.
    pub rule: String,
    /// What exactly it says no to, at the first slot of the run.
    pub message: String,
    /// The same as data, for whoever says it in another language.
    #[serde(default)]
    pub said: Option<Said>,
}

/// What became of an appointment.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OutcomeReport {
    /// `done` or `failed`.
    pub outcome: Outcome,
    /// In the words of who reports it.
    pub note: Option<String>,
    /// The firmware that the terminal reports now.
    pub firmware: Option<String>,
}

/// How an appointment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The work is done and the terminal takes payments.
    Done,
    /// It is not; the terminal counts as locked until somebody says otherwise.
    Failed,
}

/// Ad-hoc maintenance.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Maintenance {
    /// Serial numbers, at least one.
    pub serials: Vec<String>,
    /// `tonight 02:00`, … in each site's zone, or RFC 3339.
    pub at: String,
    /// How long each is down, in minutes.
    pub duration_minutes: u32,
    /// Why; the merchant reads it.
    pub reason: String,
    /// Break the notice rule (and no other): the merchant is mailed at once, the audit trail says who and why.
    #[serde(default)]
    pub emergency: bool,
    /// Only say whether it is legal.
    #[serde(default)]
    pub dry_run: bool,
}

/// What ad-hoc maintenance was arranged.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct MaintenanceResult {
    /// The appointments; empty in a dry run.
    pub appointments: Vec<AppointmentView>,
    /// It was a dry run: nothing was written.
    pub dry_run: bool,
}
