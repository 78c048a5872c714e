//! Maintenance windows, blackouts, previews.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A maintenance window to add.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWindow {
    /// `fleet`, `region:NAME`, `merchant:NUMBER` or `site:CODE`. The narrowest scope that has a window wins.
    pub scope: String,
    /// Five-field crontab line.
    pub cron: String,
    /// How long it stays open, in minutes.
    pub duration_minutes: u32,
    /// Nothing starts in its last minutes.
    #[serde(default)]
    pub cutoff_minutes: u32,
    /// IANA zone of the line; each site's own unless told.
    pub time_zone: Option<String>,
}

/// A maintenance window.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct WindowView {
    /// Its number.
    pub id: i64,
    /// Where it applies.
    pub scope: String,
    /// Crontab line.
    pub cron: String,
    /// How long it stays open, in minutes.
    pub duration_minutes: u32,
    /// Nothing starts in its last minutes.
    pub cutoff_minutes: u32,
    /// IANA zone of the line, if not each site's own.
    pub time_zone: Option<String>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}

/// Whose openings to show: a site's, or those of a line that is not saved yet.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// A site's code: all that applies to it, blackouts taken off.
    pub site: Option<String>,
    /// A crontab line to try instead.
    pub cron: Option<String>,
    /// Shown as if the line were added for this scope: in the zone of its site, or the fleet's; with how many terminals
    /// it holds.
    pub scope: Option<String>,
    /// Its duration in minutes; 120 unless told.
    pub duration_minutes: Option<u32>,
    /// Its cutoff in minutes.
    pub cutoff_minutes: Option<u32>,
    /// Its IANA zone; UTC unless told.
    pub time_zone: Option<String>,
    /// From when; now unless told.
    pub from: Option<DateTime<Utc>>,
    /// How many openings, 1 to 1000; 10 unless told.
    pub count: Option<usize>,
}

/// The next openings.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Preview {
    /// The zone of the local times.
    pub time_zone: String,
    /// The rules that they come from, in words.
    pub rules: Vec<String>,
    /// The openings, in order.
    pub openings: Vec<OpeningView>,
    /// Active terminals in the scope that was asked about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminals: Option<u32>,
}

/// What a blackout would cover.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BlackoutPreview {
    /// The zone of the local times: the blackout's own, or the one that most sites of its scope have.
    pub time_zone: String,
    /// Active terminals in its scope.
    pub terminals: u32,
    /// Appointments that stand in these spans already; they stay until somebody plans again.
    pub appointments: u64,
    /// The next spans that it covers, 5 at most.
    pub spans: Vec<SpanView>,
}

/// From when to when.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SpanView {
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// Start in local time.
    pub local_start: String,
    /// End in local time.
    pub local_end: String,
}

/// One opening.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct OpeningView {
    /// Start.
    pub starts_at: DateTime<Utc>,
    /// End.
    pub ends_at: DateTime<Utc>,
    /// Nothing starts later than this.
    pub last_start_at: DateTime<Utc>,
    /// Start in local time, with offset.
    pub local_start: String,
    /// End in local time, with offset.
    pub local_end: String,
    /// What is odd about it: the clocks change in it, a blackout cuts it.
    pub note: Option<String>,
}

/// A blackout to add.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBlackout {
    /// What people call it.
    pub name: String,
    /// `fleet`, or a grouping and its value: `region:north`, `merchant:M1`, `site:S1`, `host:h1`, `model:A920`, `tag:floor:2`.
    pub scope: String,
    /// Local date or date and time: `2026-12-24` or `2026-12-24T18:00`.
    pub from: String,
    /// Local date (that day included) or date and time (not included).
    pub to: String,
    /// Every year on these dates.
    #[serde(default)]
    pub yearly: bool,
    /// IANA zone; each site's own unless told.
    pub time_zone: Option<String>,
}

/// A blackout.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct BlackoutView {
    /// Its number.
    pub id: i64,
    /// What people call it.
    pub name: String,
    /// Where it applies.
    pub scope: String,
    /// From.
    pub from: String,
    /// To.
    pub to: String,
    /// Every year.
    pub yearly: bool,
    /// IANA zone, if not each site's own.
    pub time_zone: Option<String>,
    /// Its version, to be sent as `If-Match` by whoever changes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub etag: String,
}
